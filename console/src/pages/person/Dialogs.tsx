/** The dialogs of an account; the address says which is open. */
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { Fresh } from "../../app/SignInAgain";
import { brief } from "../../lib/format";
import { Ask } from "../../ui/Ask";
import type { Account } from "../people/model";
import { AskReset } from "./AskReset";
import { Code } from "./Code";
import { GiveRole } from "./GiveRole";
import { Names } from "./Names";

const ALL = ["invite", "rename", "role", "sessions", "on", "off", "reset"] as const;
export type Do = (typeof ALL)[number];

interface Props {
  what: string;
  account: Account;
  isMe: boolean;
  close: () => void;
}

export function Dialogs(props: Props): ReactNode {
  const what = ALL.find((known) => known === props.what);
  if (what === undefined) return null;
  // Ending sessions only takes something away.
  if (what === "sessions") return <EndSessions {...props} />;
  return (
    <Fresh key={what} close={props.close}>
      <Dialog {...props} what={what} />
    </Fresh>
  );
}

function Dialog({ what, account, isMe, close }: Omit<Props, "what"> & { what: Do }): ReactNode {
  const client = useQueryClient();
  const name = brief(account.name);
  const path = { params: { path: { id: account.id } } };
  const enable = async (enabled: boolean) => {
    await ask(api.PATCH("/api/v1/people/{id}", { ...path, body: { enabled } }));
    await client.invalidateQueries({ queryKey: ["people"] });
  };
  switch (what) {
    case "rename":
      return <Names account={account} isMe={isMe} close={close} />;
    case "role":
      return isMe ? null : <GiveRole account={account} close={close} />;
    case "reset":
      return isMe ? null : <AskReset account={account} close={close} />;
    case "invite":
      return (
        <Code
          title={`Make a new invitation for ${name}?`}
          ask="An earlier one is good for nothing from then on."
          act="Make an enrolment code"
          name={account.name}
          make={() => ask<Schemas["Enrolment"]>(api.POST("/api/v1/people/{id}/invite", path))}
          close={close}
        />
      );
    case "on":
      return (
        <Ask
          harmless
          title={`Switch ${name} on again?`}
          leave="Leave it off"
          act="Switch it on"
          does={() => enable(true)}
          close={close}
        >
          They sign in with what they had before, and have the roles that they had.
        </Ask>
      );
    case "off":
      return isMe ? null : (
        <Ask
          title={`Switch ${name} off?`}
          leave="Leave it on"
          act="Switch it off"
          does={() => enable(false)}
          close={close}
        >
          They are signed out everywhere at once, and cannot sign in. An enrolment code of theirs is good for nothing.
          The account can be switched on again.
        </Ask>
      );
    case "sessions":
      return null;
  }
}

function EndSessions({ account, isMe, close }: Props) {
  const client = useQueryClient();
  return (
    <Ask
      title={`End all sessions of ${brief(account.name)}?`}
      leave="Leave them"
      act="End them"
      does={async () => {
        await ask(api.DELETE("/api/v1/people/{id}/sessions", { params: { path: { id: account.id } } }));
        await client.invalidateQueries({ queryKey: ["people"] });
      }}
      close={close}
    >
      {isMe
        ? "You are signed out everywhere, here as well."
        : "They are signed out everywhere, and can sign in again. What they typed and did not send is lost."}
    </Ask>
  );
}
