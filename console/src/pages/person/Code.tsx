/** Makes an enrolment code, after a question, and shows it once. */
import { Button, Group, Modal, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { CodeShown } from "../../ui/CodeShown";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Wrong } from "../../ui/Wrong";

export function Code({
  title,
  ask: question,
  act,
  name,
  make,
  close,
}: {
  title: string;
  /** What follows from it. */
  ask: string;
  act: string;
  /** For whom. */
  name: string;
  make: () => Promise<Schemas["Enrolment"]>;
  close: () => void;
}) {
  useReturnFocus();
  const client = useQueryClient();
  const making = useMutation({
    mutationFn: make,
    // The answer holds a secret: it is not kept beyond the dialog.
    gcTime: 0,
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["people"] });
      void client.invalidateQueries({ queryKey: ["resets"] });
    },
  });
  const made = making.data;
  return (
    <Modal
      {...DIALOG}
      opened
      onClose={close}
      size="lg"
      title={made ? "The enrolment code" : title}
      // While a code is on the screen, a slip of the hand must not close it.
      closeOnClickOutside={!made}
      closeOnEscape={!made}
    >
      {made ? (
        <>
          <CodeShown enrolment={made} name={name} />
          <Group justify="flex-end">
            <Button onClick={close}>I have passed it on</Button>
          </Group>
        </>
      ) : (
        <>
          <Text size="sm" mb="sm">
            {question}
          </Text>
          <Wrong error={making.error} />
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button onClick={() => making.mutate()} loading={making.isPending} data-autofocus>
              {act}
            </Button>
          </Group>
        </>
      )}
    </Modal>
  );
}
