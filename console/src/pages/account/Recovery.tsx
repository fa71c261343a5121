/** Recovery codes, made anew and shown once. */
import { Button, Group, Modal, Stack, Text } from "@mantine/core";
import { IconPrinter } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../../api/client";
import { meQuery } from "../../api/queries";
import { plural } from "../../lib/format";
import { Copyable } from "../../ui/Copyable";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Notice } from "../../ui/Notice";
import { Wrong } from "../../ui/Wrong";

export function Recovery({ left, close }: { left: number; close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: () => ask(api.POST("/api/v1/me/recovery-codes")),
    // The answer holds secrets: they are not kept beyond the dialog.
    gcTime: 0,
    onSuccess: () => void client.invalidateQueries({ queryKey: meQuery.queryKey }),
  });
  const codes = make.data?.codes;
  return (
    <Modal
      {...DIALOG}
      opened
      onClose={close}
      title={codes ? "Your recovery codes" : "Make new recovery codes?"}
      // While codes are on the screen, a slip of the hand must not close it.
      closeOnClickOutside={!codes}
      closeOnEscape={!codes}
    >
      {codes ? (
        <>
          <Notice tone="care" title="These codes are shown only now" data-codes="">
            Each takes the place of a one-time code, once, beside your password. Print them, or keep them in a password
            manager.
            <div className="rf-printed">
              <Copyable title="Recovery codes of Ringfence" text={codes.join("\n")} />
            </div>
          </Notice>
          <Group justify="flex-end">
            <Button variant="default" leftSection={<IconPrinter size={16} />} onClick={() => window.print()}>
              Print
            </Button>
            <Button onClick={close}>I have kept them</Button>
          </Group>
        </>
      ) : (
        <Stack gap="sm">
          <Text size="sm">
            {left === 0
              ? "You have none left."
              : `${plural(left, "code")} that you have ${left === 1 ? "is" : "are"} good for nothing from then on.`}
          </Text>
          <Wrong error={make.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button onClick={() => make.mutate()} loading={make.isPending} data-autofocus>
              Make new ones
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
