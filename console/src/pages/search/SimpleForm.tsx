/** Searching without SQL: text, time, conditions, and the SQL that comes of it. */
import { Button, Collapse, Group, Kbd, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp, IconPlayerPlay, IconSearch } from "@tabler/icons-react";
import { type RefObject, useState } from "react";
import { Filters } from "./Filters";
import { RangePicker } from "./RangePicker";
import { Shown } from "./Shown";
import type { State } from "./state";
import { useRunKey } from "./useRunKey";
import type { Go } from "./useSearchState";

export function SimpleForm({
  state,
  at,
  sql,
  ready,
  go,
  focus,
}: {
  state: State;
  at: number;
  sql: string;
  /** Whether the rows are there, so that values may be counted. */
  ready: boolean;
  go: Go;
  focus: RefObject<HTMLInputElement | null>;
}) {
  const [text, setText] = useState(state.text);
  const [seen, setSeen] = useState(state.text);
  if (seen !== state.text) {
    setSeen(state.text);
    setText(state.text);
  }
  const small = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const [open, setOpen] = useState(false);
  const run = () => go({ text: text.trim() });
  useRunKey(run);
  const filters = <Filters state={state} at={at} ready={ready} go={go} />;
  return (
    <section aria-label="Simple search">
      <Group
        gap="xs"
        mb={8}
        align="flex-start"
        component="form"
        onSubmit={(event) => {
          event.preventDefault();
          run();
        }}
        role="search"
      >
        <TextInput
          ref={focus}
          flex="1 1 260px"
          aria-label="Text in message or record"
          aria-keyshortcuts="/"
          placeholder='Text in message or record; "words in quotes" stay together'
          leftSection={<IconSearch size={16} aria-hidden="true" />}
          rightSection={small ? undefined : <Kbd size="xs">/</Kbd>}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape") event.currentTarget.blur();
          }}
          maxLength={2_000}
          type="search"
        />
        <RangePicker range={state.range} at={at} onChange={(range) => go({ range })} />
        <Button
          type="submit"
          leftSection={<IconPlayerPlay size={15} aria-hidden="true" />}
          aria-keyshortcuts="Control+Enter"
        >
          Run
        </Button>
      </Group>
      {small ? (
        <>
          <Button
            size="compact-sm"
            variant="transparent"
            onClick={() => setOpen((o) => !o)}
            aria-expanded={open}
            rightSection={
              open ? <IconChevronUp size={14} aria-hidden="true" /> : <IconChevronDown size={14} aria-hidden="true" />
            }
          >
            Filters{state.filters.length > 0 ? ` (${state.filters.length})` : ""}
          </Button>
          <Collapse expanded={open}>{open && filters}</Collapse>
        </>
      ) : (
        filters
      )}
      <Shown sql={sql} takeOver={() => go({ mode: "sql", sql })} />
    </section>
  );
}
