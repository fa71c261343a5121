/** Something is filled in and done; what stood in the way is said beside it. */
import { Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import type { ReactNode, SyntheticEvent } from "react";
import { DIALOG, useReturnFocus } from "./dialog";
import { Wrong } from "./Wrong";

export function FormDialog<T>({
  title,
  size = "md",
  children,
  act,
  harm = false,
  right,
  does,
  close,
  done = close,
}: {
  title: string;
  size?: "md" | "lg";
  /** The fields; one of them has `data-autofocus`. */
  children: ReactNode;
  /** The button that does it. */
  act: string;
  harm?: boolean;
  /** Whether what is filled in can be sent. */
  right: boolean;
  /** Done when it resolves; what it throws is shown. */
  does: () => Promise<T>;
  close: () => void;
  /** What comes after it, if that is more than closing. */
  done?: (what: T) => void;
}) {
  useReturnFocus();
  const doing = useMutation({ mutationFn: does, onSuccess: done });
  return (
    <Modal {...DIALOG} opened onClose={close} size={size} title={title}>
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          doing.mutate();
        }}
      >
        <Stack gap="sm">
          {children}
          <Wrong error={doing.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" disabled={!right} loading={doing.isPending} {...(harm ? { color: "red.8" } : {})}>
              {act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
