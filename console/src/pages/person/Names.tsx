/** Other names: what people call somebody, what they sign in with, how the telephony calls them. */
import { Button, Group, Modal, Stack, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Wrong } from "../../ui/Wrong";
import type { Account } from "../people/model";

export function Names({ account, isMe, close }: { account: Account; isMe: boolean; close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const [name, setName] = useState(account.name);
  const [login, setLogin] = useState(account.login);
  const [agent, setAgent] = useState(account.agent ?? "");
  const change = useMutation({
    mutationFn: (body: Schemas["PersonChange"]) =>
      ask(api.PATCH("/api/v1/people/{id}", { params: { path: { id: account.id } }, body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["people"] });
      close();
    },
  });
  // What stays as it is is not sent: the server refuses some of it to oneself.
  const body: Schemas["PersonChange"] = {
    ...(name.trim() === account.name ? {} : { name: name.trim() }),
    ...(login.trim() === account.login ? {} : { login: login.trim() }),
    ...(agent.trim() === (account.agent ?? "") ? {} : { agent: agent.trim() === "" ? null : agent.trim() }),
  };
  const right = name.trim() !== "" && login.trim() !== "" && Object.keys(body).length > 0;
  return (
    <Modal {...DIALOG} opened onClose={close} title="Change names">
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          change.mutate(body);
        }}
      >
        <Stack gap="sm">
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
          <Wrong error={change.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" disabled={!right} loading={change.isPending}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
