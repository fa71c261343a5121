/** Accounts of somebody at providers of sign-in, which who looks after accounts can take away. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../api/client";
import { Fresh } from "../../app/SignInAgain";
import { Ask } from "../../ui/Ask";
import { type Link, Links, providerName } from "../../ui/Links";

export function TheirLinks({ id, links, may }: { id: string; links: Link[]; may: boolean }) {
  const client = useQueryClient();
  const [removing, setRemoving] = useState<Link>();
  if (links.length === 0) return null;
  return (
    <>
      <Links links={links} {...(may ? { remove: setRemoving } : {})} />
      {removing && (
        <Fresh close={() => setRemoving(undefined)}>
          <Ask
            title={`Unlink ${providerName(removing.issuer)}?`}
            act="Unlink it"
            leave="Keep it"
            does={async () => {
              const path = { id, link: removing.id };
              await ask(api.DELETE("/api/v1/people/{id}/links/{link}", { params: { path } }));
              await client.invalidateQueries({ queryKey: ["people"] });
            }}
            close={() => setRemoving(undefined)}
          >
            That account no longer signs them in here, and sessions that it opened end. If they have nothing else, they
            need a reset.
          </Ask>
        </Fresh>
      )}
    </>
  );
}
