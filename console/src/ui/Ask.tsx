/** A question before something is done that is felt elsewhere, or cannot be taken back. */
import { Button, Group, Modal, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { DIALOG, useReturnFocus } from "./dialog";
import { Wrong } from "./Wrong";

export function Ask({
  title,
  children,
  leave = "Leave it",
  act,
  does,
  harmless = false,
  close,
}: {
  title: string;
  /** What follows from it. */
  children: ReactNode;
  /** The button that does nothing. */
  leave?: string;
  /** The button that does it. */
  act: string;
  /** Done when it resolves; what it throws is shown. */
  does: () => Promise<unknown>;
  harmless?: boolean;
  close: () => void;
}) {
  useReturnFocus();
  const doing = useMutation({ mutationFn: does, onSuccess: close });
  return (
    <Modal {...DIALOG} opened onClose={close} title={title}>
      <Text size="sm" component="div" mb="sm">
        {children}
      </Text>
      <Wrong error={doing.error} />
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close} data-autofocus>
          {leave}
        </Button>
        <Button {...(harmless ? {} : { color: "red.8" })} onClick={() => doing.mutate()} loading={doing.isPending}>
          {act}
        </Button>
      </Group>
    </Modal>
  );
}
