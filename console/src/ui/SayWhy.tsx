/** Something is done with words of whoever does it, which are kept. */
import { Button, Group, Modal, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ReactNode, type SyntheticEvent, useState } from "react";
import { DIALOG, useReturnFocus } from "./dialog";
import { Wrong } from "./Wrong";

export function SayWhy({
  title,
  children,
  label,
  optional = false,
  act,
  harm = false,
  does,
  close,
}: {
  title: string;
  /** What follows from it. */
  children?: ReactNode;
  /** What is asked for. */
  label: string;
  optional?: boolean;
  /** The button that does it. */
  act: string;
  harm?: boolean;
  /** Done when it resolves; what it throws is shown. */
  does: (words: string) => Promise<unknown>;
  close: () => void;
}) {
  useReturnFocus();
  const [words, setWords] = useState("");
  const doing = useMutation({ mutationFn: () => does(words.trim()), onSuccess: close });
  return (
    <Modal {...DIALOG} opened onClose={close} title={title}>
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          doing.mutate();
        }}
      >
        <Stack gap="sm">
          {children !== undefined && (
            <Text size="sm" component="div">
              {children}
            </Text>
          )}
          <Textarea
            label={optional ? `${label} (if there is something to say)` : label}
            value={words}
            onChange={(e) => setWords(e.currentTarget.value)}
            maxLength={500}
            autosize
            minRows={2}
            maxRows={6}
            data-autofocus
          />
          <Wrong error={doing.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              type="submit"
              disabled={!optional && words.trim() === ""}
              loading={doing.isPending}
              {...(harm ? { color: "red.8" } : {})}
            >
              {act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
