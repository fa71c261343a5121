/** Something is done with words of whoever does it, which are kept. */
import { Text, Textarea } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { FormDialog } from "./FormDialog";

export function SayWhy<T>({
  title,
  children,
  label,
  optional = false,
  act,
  harm = false,
  does,
  close,
  done = close,
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
  does: (words: string) => Promise<T>;
  close: () => void;
  /** What comes after it, if that is more than closing. */
  done?: (what: T) => void;
}) {
  const [words, setWords] = useState("");
  return (
    <FormDialog
      title={title}
      act={act}
      harm={harm}
      right={optional || words.trim() !== ""}
      does={() => does(words.trim())}
      close={close}
      done={done}
    >
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
    </FormDialog>
  );
}
