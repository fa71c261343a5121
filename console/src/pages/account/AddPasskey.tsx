/** One more passkey. */
import { Button, Group, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { Problem } from "../../api/client";
import { meQuery } from "../../api/queries";
import { browserWords } from "../../lib/browser";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Notice } from "../../ui/Notice";
import { Wrong } from "../../ui/Wrong";
import { makePasskey, noPasskeysHere, sayMaking } from "./passkey";

export function AddPasskey({ close }: { close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const [name, setName] = useState(() => browserWords(navigator.userAgent).slice(0, 128));
  const add = useMutation({
    mutationFn: makePasskey,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: meQuery.queryKey });
      close();
    },
  });
  const none = noPasskeysHere();
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    add.mutate(name.trim());
  };
  return (
    <Modal {...DIALOG} opened onClose={close} title="Add a passkey">
      <form onSubmit={submit}>
        <Stack gap="sm">
          <Text size="sm">
            The device asks for a fingerprint, your face or a PIN. Nothing of it leaves the device, and nothing can be
            guessed or passed on.
          </Text>
          <TextInput
            label="What to call it"
            description="So that you know it again: the device, or where its key is kept."
            value={name}
            onChange={(e) => setName(e.currentTarget.value)}
            maxLength={128}
            data-autofocus
          />
          {none !== undefined && <Notice tone="bad">{none}</Notice>}
          {add.error instanceof Problem ? (
            <Wrong error={add.error} />
          ) : (
            add.error && <Notice tone="bad">{sayMaking(add.error)}</Notice>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" disabled={name.trim() === "" || none !== undefined} loading={add.isPending}>
              Make a passkey
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
