/** Somebody is invited: who they are, what they may do; then their enrolment code, once. */
import { Button, Fieldset, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { useMay } from "../../app/session";
import { CodeShown } from "../../ui/CodeShown";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { DRAFT, type RoleDraft, RoleFields, isWhole, roleOf } from "../../ui/RoleFields";
import { Wrong } from "../../ui/Wrong";

export function Invite({ close, open }: { close: () => void; open: (id: string) => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const gives = useMay("role:assign");
  const [name, setName] = useState("");
  const [login, setLogin] = useState("");
  const [agent, setAgent] = useState("");
  const [drafts, setDrafts] = useState<RoleDraft[]>([]);
  const invite = useMutation({
    mutationFn: (body: Schemas["NewPerson"]) => ask(api.POST("/api/v1/people", { body })),
    // The answer holds a secret: it is not kept beyond the dialog.
    gcTime: 0,
    onSuccess: () => void client.invalidateQueries({ queryKey: ["people"] }),
  });
  const right = name.trim() !== "" && login.trim() !== "" && drafts.every(isWhole);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    invite.mutate({
      name: name.trim(),
      login: login.trim(),
      ...(agent.trim() === "" ? {} : { agent: agent.trim() }),
      roles: drafts.map(roleOf),
    });
  };
  const made = invite.data;
  return (
    <Modal
      {...DIALOG}
      opened
      onClose={close}
      size="lg"
      title={made ? "Invited" : "Invite somebody"}
      // While a code is on the screen, a slip of the hand must not close it.
      closeOnClickOutside={!made}
      closeOnEscape={!made}
    >
      {made ? (
        <>
          <CodeShown enrolment={made.enrolment} name={made.account.name} />
          <Group justify="flex-end">
            <Button variant="default" onClick={() => open(made.account.id)}>
              Open the account
            </Button>
            <Button onClick={close}>I have passed it on</Button>
          </Group>
        </>
      ) : (
        <form onSubmit={submit}>
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
              description="Such as their address for mail. Capitals make no difference."
              value={login}
              onChange={(e) => setLogin(e.currentTarget.value)}
              maxLength={254}
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
            />
            <TextInput
              label="Agent in the telephony"
              description="How the telephony calls them, if they take calls. Their calls then open records to them."
              value={agent}
              onChange={(e) => setAgent(e.currentTarget.value)}
              maxLength={128}
              autoComplete="off"
            />
            {gives ? (
              <Roles drafts={drafts} change={setDrafts} />
            ) : (
              <Text size="sm" c="dimmed">
                Somebody who gives roles says afterwards what they may do. Without a role they see nothing.
              </Text>
            )}
            <Wrong error={invite.error} />
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" disabled={!right} loading={invite.isPending}>
                Invite
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}

function Roles({ drafts, change }: { drafts: RoleDraft[]; change: (drafts: RoleDraft[]) => void }) {
  return (
    <>
      {drafts.map((draft, at) => (
        <Fieldset key={at} legend={drafts.length === 1 ? "Role" : `Role ${at + 1}`} p="sm">
          <RoleFields
            draft={draft}
            change={(next) => change(drafts.map((was, other) => (other === at ? next : was)))}
          />
          <Group justify="flex-end" mt="xs">
            <Button
              variant="default"
              size="compact-xs"
              onClick={() => change(drafts.filter((_, other) => other !== at))}
            >
              Without this role
            </Button>
          </Group>
        </Fieldset>
      ))}
      <Group gap="xs">
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconPlus size={14} />}
          onClick={() => change([...drafts, DRAFT])}
        >
          {drafts.length === 0 ? "Give a role" : "Give one more role"}
        </Button>
        {drafts.length === 0 && (
          <Text size="xs" c="dimmed">
            Without a role they see nothing.
          </Text>
        )}
      </Group>
    </>
  );
}
