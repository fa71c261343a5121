/** A rule on trial: over records that are pasted, or over what came in. Nothing of it is kept or alerts. */
import { Anchor, Button, Group, Kbd, Loader, Paper, SegmentedControl, SimpleGrid, Text } from "@mantine/core";
import { IconArrowLeft, IconPlayerPlay, IconPlayerStop } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { Page } from "../../ui/Page";
import { Failed } from "../../ui/States";
import { Editor } from "./Editor";
import { EXAMPLE, EXAMPLE_EVENTS, skeleton } from "./example";
import type { Rule } from "./model";
import { Outcome } from "./Outcome";
import { lineSpan, mistakesByLine, mistakesOf } from "./verdict";

const OVER = [
  { value: "paste", label: "Pasted" },
  { value: "1", label: "Last hour" },
  { value: "24", label: "Last day" },
  { value: "168", label: "Last week" },
];

/** The draft survives a reload, and ends with the tab. Records do not: they may hold customers. */
const DRAFT = "ringfence.rule-draft";
const draft = {
  read: (): string | null => {
    try {
      return sessionStorage.getItem(DRAFT);
    } catch {
      return null;
    }
  },
  write: (text: string): void => {
    try {
      sessionStorage.setItem(DRAFT, text);
    } catch {
      // A browser without storage loses the draft at a reload, and nothing else.
    }
  },
};

export function TestBox({
  like,
  over,
  setOver,
  back,
}: {
  /** A loaded rule to begin from. */
  like: Rule | undefined;
  over: string | undefined;
  setOver: (over: string | undefined) => void;
  back: () => void;
}) {
  const [rule, setRule] = useState(() => (like ? skeleton(like) : (draft.read() ?? EXAMPLE)));
  const [events, setEvents] = useState(EXAMPLE_EVENTS);
  const ruleField = useRef<HTMLTextAreaElement>(null);
  const eventField = useRef<HTMLTextAreaElement>(null);
  const running = useRef<AbortController>(null);
  const where = OVER.some((o) => o.value === over) && over ? over : "paste";
  const test = useMutation({
    mutationFn: (body: Schemas["RuleTest"]) => {
      const control = new AbortController();
      running.current = control;
      return ask(api.POST("/api/v1/rules/test", { body, signal: control.signal }));
    },
  });
  useEffect(() => () => running.current?.abort(), []);
  const run = () => {
    if (test.isPending || rule.trim() === "") return;
    test.mutate({ rule, ...(where === "paste" ? { events } : { last_hours: Number(where) }) });
  };
  const cancel = () => {
    // Going away stops it on the server too.
    running.current?.abort();
    test.reset();
  };
  const write = (text: string) => {
    setRule(text);
    draft.write(text);
    // Signs at lines that have moved would point at the wrong ones.
    if (test.data && test.data.mistakes.length > 0) test.reset();
  };
  const goTo = (field: HTMLTextAreaElement | null, line: number) => {
    if (!field) return;
    field.focus();
    field.setSelectionRange(...lineSpan(field.value, line));
  };
  return (
    <Page
      title="Try a rule"
      lead="Sigma, in one or more documents. Nothing is kept, and nothing alerts."
      actions={
        <Button variant="default" size="sm" leftSection={<IconArrowLeft size={16} />} onClick={back}>
          Back to the rules
        </Button>
      }
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
        <Editor
          label="Rule"
          field={ruleField}
          value={rule}
          onChange={write}
          wrong={mistakesByLine(test.data ? mistakesOf(test.data).rule : [])}
          run={run}
          aside={
            rule !== EXAMPLE && (
              <Anchor component="button" type="button" size="xs" onClick={() => write(EXAMPLE)}>
                Begin from the example
              </Anchor>
            )
          }
        />
        {where === "paste" ? (
          <Editor
            label="Records (JSON lines)"
            field={eventField}
            value={events}
            onChange={setEvents}
            run={run}
            placeholder='{"ts": "…", "user": "4711", "action": "export", "rows": 250}'
            aside={<Over where={where} setOver={setOver} />}
          />
        ) : (
          <div style={{ minWidth: 0 }}>
            <Group justify="space-between" mb={4} mih={30} gap="xs">
              <Text size="sm" fw={600}>
                What came in
              </Text>
              <Over where={where} setOver={setOver} />
            </Group>
            <Paper p="md">
              <Text size="sm">
                The rule is run over everything that came in during the{" "}
                {OVER.find((o) => o.value === where)?.label.toLowerCase()}, with what the calls say about it.
              </Text>
              <Text size="sm" c="dimmed" mt={4}>
                A trial ends after a while, and says so when it has not seen everything. It can be stopped at any time.
              </Text>
            </Paper>
          </div>
        )}
      </SimpleGrid>
      <Group my="md" gap="sm" role="status">
        {test.isPending ? (
          <>
            <Button color="gray" variant="default" leftSection={<IconPlayerStop size={16} />} onClick={cancel}>
              Stop it
            </Button>
            <Loader size="xs" role="status" aria-label="The rule runs" />
            <Text size="sm" c="dimmed">
              The rule runs…
            </Text>
          </>
        ) : (
          <Button
            leftSection={<IconPlayerPlay size={16} />}
            rightSection={<Kbd size="xs">Ctrl Enter</Kbd>}
            onClick={run}
            disabled={rule.trim() === "" || (where === "paste" && events.trim() === "")}
          >
            Run it
          </Button>
        )}
      </Group>
      {test.error && <Failed error={test.error} retry={run} />}
      {test.data && (
        <Outcome
          result={test.data}
          records={test.variables.events ?? undefined}
          toRule={(line) => goTo(ruleField.current, line)}
          toRecord={where === "paste" ? (line) => goTo(eventField.current, line) : undefined}
        />
      )}
    </Page>
  );
}

function Over({ where, setOver }: { where: string; setOver: (over: string | undefined) => void }) {
  return (
    <SegmentedControl
      aria-label="Over which events"
      data={OVER}
      value={where}
      onChange={(value) => setOver(value === "paste" ? undefined : value)}
      size="xs"
    />
  );
}
