/** Somebody lost what they sign in with: they were called back, and a reset is asked for. */
import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { brief } from "../../lib/format";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Wrong } from "../../ui/Wrong";
import type { Account } from "../people/model";

export function AskReset({ account, close }: { account: Account; close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const [why, setWhy] = useState("");
  const [calledBack, setCalledBack] = useState("");
  const reset = useMutation({
    mutationFn: (body: Schemas["NewReset"]) =>
      ask(api.POST("/api/v1/people/{id}/resets", { params: { path: { id: account.id } }, body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["people"] });
      void client.invalidateQueries({ queryKey: ["resets"] });
      close();
    },
  });
  const name = brief(account.name);
  return (
    <Modal {...DIALOG} opened onClose={close} size="lg" title={`Ask for a reset of how ${name} signs in`}>
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          reset.mutate({ why: why.trim(), called_back: calledBack.trim() });
        }}
      >
        <Stack gap="sm">
          <Text size="sm">
            Whoever calls and says to be {name} may be somebody else. Call back on the number that is on file, never on
            one that was said. A second person confirms, {name} sees it at the next sign-in, and only after a wait is
            the new enrolment code good.
          </Text>
          <Textarea
            label="Why"
            placeholder="Lost the phone with the passkey on Monday"
            value={why}
            onChange={(e) => setWhy(e.currentTarget.value)}
            maxLength={500}
            autosize
            minRows={2}
            data-autofocus
          />
          <Textarea
            label="How they were called back"
            placeholder="Number on file ending in 42, today at 10:15, knew the last ticket"
            value={calledBack}
            onChange={(e) => setCalledBack(e.currentTarget.value)}
            maxLength={500}
            autosize
            minRows={2}
          />
          <Wrong error={reset.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" disabled={why.trim() === "" || calledBack.trim() === ""} loading={reset.isPending}>
              Ask for it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
