/** Who works on it: me, somebody by name, nobody. */
import { Alert as Notice, Autocomplete, Button, Group, Modal, Stack } from "@mantine/core";
import { type SubmitEvent, useState } from "react";
import { useSession } from "../../app/session";
import { useNames } from "./names";
import { sayProblem } from "./problem";

export function AssignDialog({
  what,
  was,
  submit,
  close,
}: {
  what: string;
  was?: string | null;
  submit: (assignee: string | null) => Promise<unknown>;
  close: () => void;
}) {
  const me = useSession().name;
  const { assignees } = useNames();
  const [name, setName] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const go = async (assignee: string | null) => {
    if (busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await submit(assignee);
      close();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const typed = name.trim();
  return (
    <Modal opened onClose={close} title={`Assign ${what}`} size="md">
      <form
        onSubmit={(event: SubmitEvent) => {
          event.preventDefault();
          if (typed !== "") void go(typed);
        }}
      >
        <Stack gap="md">
          <Autocomplete
            label="Who works on it?"
            placeholder="A name"
            data={[...new Set([me, ...assignees])].sort()}
            value={name}
            onChange={setName}
            maxLength={128}
            limit={8}
            openOnFocus={false}
            data-autofocus
            {...(was ? { description: `Now: ${was}` } : {})}
          />
          {error !== undefined && (
            <Notice color="red" title="Not assigned" role="alert">
              {sayProblem(error)}
            </Notice>
          )}
          <Group justify="space-between">
            <Group gap="xs">
              <Button variant="default" disabled={busy} onClick={() => void go(me)}>
                Me ({me})
              </Button>
              <Button variant="default" disabled={busy} onClick={() => void go(null)}>
                Nobody
              </Button>
            </Group>
            <Button type="submit" loading={busy} disabled={typed === ""}>
              Assign
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
