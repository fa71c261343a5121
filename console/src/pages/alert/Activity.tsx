/** Notes and what was done, newest first, and room for the next note. */
import { Button, Group, Paper, Stack, Text, Textarea } from "@mantine/core";
import { type Ref, useState } from "react";
import { When } from "../../ui/When";
import { sayProblem } from "../alerts/problem";
import type { Activity as Entry } from "./activity";

export function Activity({
  entries,
  field,
  add,
}: {
  entries: readonly Entry[];
  field: Ref<HTMLTextAreaElement>;
  /** `key` makes sending it again harmless. */
  add: (text: string, key: string) => Promise<void>;
}) {
  const [whole, setWhole] = useState(false);
  const shown = whole ? entries : entries.slice(0, FIRST);
  return (
    <Stack gap="sm">
      <NoteForm field={field} add={add} />
      <Stack component="ul" gap={8} m={0} p={0} style={{ listStyle: "none" }}>
        {shown.map((entry) => (
          <li key={entry.key}>
            <Text size="sm" className="rf-outside">
              <b>{entry.actor === "ringfence" ? "Ringfence" : entry.actor}</b> {entry.did}{" "}
              <Text span size="xs" c="dimmed">
                <When ms={entry.at_ms} />
              </Text>
            </Text>
            {entry.text !== undefined && (
              <Paper px="sm" py={6} mt={2} bg={entry.kind === "note" ? "var(--mantine-color-body)" : "transparent"}>
                <Text size="sm" className="rf-outside" style={{ whiteSpace: "pre-wrap" }}>
                  {entry.text}
                </Text>
              </Paper>
            )}
          </li>
        ))}
      </Stack>
      {entries.length > shown.length && (
        <Button size="compact-sm" variant="default" onClick={() => setWhole(true)} style={{ alignSelf: "flex-start" }}>
          Show all {entries.length}
        </Button>
      )}
    </Stack>
  );
}

/** So many are shown at first; the rest is history. */
const FIRST = 8;

/** A key of one note; `randomUUID` is only there on secure origins. */
const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function NoteForm({
  field,
  add,
}: {
  field: Ref<HTMLTextAreaElement>;
  add: (text: string, key: string) => Promise<void>;
}) {
  const [text, setText] = useState("");
  const [key, setKey] = useState(newKey);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const send = async () => {
    if (text.trim() === "" || busy) return;
    setBusy(true);
    setError(undefined);
    try {
      await add(text.trim(), key);
      setText("");
      setKey(newKey());
    } catch (failure) {
      setError(sayProblem(failure));
    }
    setBusy(false);
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Textarea
        ref={field}
        aria-label="Note"
        aria-keyshortcuts="n"
        placeholder="What you found, for whoever comes next"
        autosize
        minRows={2}
        maxRows={10}
        maxLength={10_000}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void send();
          if (event.key === "Escape") event.currentTarget.blur();
        }}
        error={error}
      />
      {text.trim() !== "" && (
        <Group justify="flex-end" mt={6} gap="xs">
          <Text size="xs" c="dimmed" visibleFrom="sm">
            Ctrl Enter
          </Text>
          <Button type="submit" size="compact-sm" loading={busy}>
            Add the note
          </Button>
        </Group>
      )}
    </form>
  );
}
