/** Other names: what people call somebody, what they sign in with, how the telephony calls them. */
import { TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { FormDialog } from "../../ui/FormDialog";
import type { Account } from "../people/model";

export function Names({ account, isMe, close }: { account: Account; isMe: boolean; close: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState(account.name);
  const [login, setLogin] = useState(account.login);
  const [agent, setAgent] = useState(account.agent ?? "");
  // What stays as it is is not sent: the server refuses some of it to oneself.
  const body: Schemas["PersonChange"] = {
    ...(name.trim() === account.name ? {} : { name: name.trim() }),
    ...(login.trim() === account.login ? {} : { login: login.trim() }),
    ...(agent.trim() === (account.agent ?? "") ? {} : { agent: agent.trim() === "" ? null : agent.trim() }),
  };
  const right = name.trim() !== "" && login.trim() !== "" && Object.keys(body).length > 0;
  return (
    <FormDialog
      title="Change names"
      act="Save"
      right={right}
      does={async () => {
        await ask(api.PATCH("/api/v1/people/{id}", { params: { path: { id: account.id } }, body }));
        void client.invalidateQueries({ queryKey: ["people"] });
      }}
      close={close}
    >
      <TextInput
        label="Name"
        value={name}
        onChange={(e) => setName(e.currentTarget.value)}
        maxLength={128}
        autoComplete="off"
        data-autofocus
      />
      <TextInput
        label="Sign-in name"
        value={login}
        onChange={(e) => setLogin(e.currentTarget.value)}
        maxLength={254}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
      />
      <TextInput
        label="Agent in the telephony"
        description={
          isMe
            ? "Another person sets yours: whoever is an agent sees what their calls open."
            : "How the telephony calls them, if they take calls. Their calls then open records to them."
        }
        value={agent}
        onChange={(e) => setAgent(e.currentTarget.value)}
        maxLength={128}
        autoComplete="off"
        disabled={isMe}
      />
    </FormDialog>
  );
}
