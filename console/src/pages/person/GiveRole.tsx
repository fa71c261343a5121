/** One more role, or the same for another time. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { api, ask } from "../../api/client";
import { brief } from "../../lib/format";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { DRAFT, RoleFields, isWhole, roleOf } from "../../ui/RoleFields";
import { Wrong } from "../../ui/Wrong";
import type { Account } from "../people/model";

export function GiveRole({ account, close }: { account: Account; close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const [draft, setDraft] = useState(DRAFT);
  const give = useMutation({
    mutationFn: () =>
      ask(api.POST("/api/v1/people/{id}/roles", { params: { path: { id: account.id } }, body: roleOf(draft) })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["people"] });
      close();
    },
  });
  return (
    <Modal {...DIALOG} opened onClose={close} size="lg" title={`Give ${brief(account.name)} a role`}>
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          give.mutate();
        }}
      >
        <Stack gap="sm">
          <RoleFields draft={draft} change={setDraft} first reserves />
          <Text size="xs" c="dimmed">
            It holds from the next request on. The same role in the same program takes the place of the one before.
          </Text>
          <Wrong error={give.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" disabled={!isWhole(draft)} loading={give.isPending}>
              Give it
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
