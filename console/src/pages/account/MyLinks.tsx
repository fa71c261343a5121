/** Accounts of mine at providers of sign-in: linked here, and unlinked. */
import { Button, Group, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { meQuery } from "../../api/queries";
import { Fresh } from "../../app/SignInAgain";
import { Ask } from "../../ui/Ask";
import { type Link, Links, providerName } from "../../ui/Links";

/** The browser goes to the provider and comes back to this page. */
async function go(provider: string): Promise<void> {
  const { url } = await ask(api.POST("/api/v1/me/links/begin", { body: { provider } }));
  window.location.assign(url);
}

export function MyLinks({ me: { links, providers } }: { me: Schemas["Me"] }) {
  const client = useQueryClient();
  const [removing, setRemoving] = useState<Link>();
  const [linking, setLinking] = useState<Schemas["Provider"]>();
  if (links.length === 0 && providers.length === 0) return null;
  return (
    <>
      {links.length > 0 && <Links links={links} providers={providers} remove={setRemoving} />}
      {providers.length > 0 && (
        <Group gap="xs" mt="xs">
          {providers.map((provider) => (
            <Button key={provider.name} variant="default" onClick={() => setLinking(provider)}>
              {`Link an account of ${providerName(provider.issuer, providers)}…`}
            </Button>
          ))}
        </Group>
      )}
      <Text size="xs" c="dimmed" mt="xs" maw={720}>
        A linked account signs you in here. Who vouches by one thing only asks you for a passkey or a code of yours as
        well.
      </Text>
      {linking && (
        <Fresh close={() => setLinking(undefined)}>
          <Ask
            title={`Link an account of ${providerName(linking.issuer, providers)}?`}
            act="Go there"
            leave="Not now"
            harmless
            does={() => go(linking.name)}
            close={() => setLinking(undefined)}
          >
            You sign in there and come back to this page. From then on that account signs you in here.
          </Ask>
        </Fresh>
      )}
      {removing && (
        <Fresh close={() => setRemoving(undefined)}>
          <Ask
            title={`Unlink ${providerName(removing.issuer, providers)}?`}
            act="Unlink it"
            leave="Keep it"
            does={async () => {
              await ask(api.DELETE("/api/v1/me/links/{id}", { params: { path: { id: removing.id } } }));
              await client.invalidateQueries({ queryKey: meQuery.queryKey });
            }}
            close={() => setRemoving(undefined)}
          >
            That account no longer signs you in here, and sessions that it opened end, also this one if it did.
          </Ask>
        </Fresh>
      )}
    </>
  );
}
