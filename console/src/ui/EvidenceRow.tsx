/** One event among its neighbours: when, what in words, who and what it names; more on demand. */
import { Code, Group, ScrollArea, SimpleGrid, Tabs, Text } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type TimelineEvent, recordQuery } from "../api/queries";
import { say, sayFacts } from "../lib/say";
import { visible } from "../lib/visible";
import { EntityChip } from "./EntityChip";
import classes from "./EvidenceRow.module.css";
import { SeverityShape, severityWord } from "./Severity";
import { Asked, Loading } from "./States";
import { When } from "./When";

export function EvidenceRow({
  event,
  open,
  toggle,
  hide = [],
  flag,
}: {
  event: TimelineEvent;
  open: boolean;
  toggle: () => void;
  /** Kinds that the page is about, which need no chip. */
  hide?: string[];
  /** Why it stands out, in words. */
  flag?: string | undefined;
}) {
  const facts = sayFacts(event);
  const found = event.findings.length > 0 || event.class_uid === 2004;
  const sentence = say(event);
  // Plain elements: a page has many of these, and they are drawn while one scrolls.
  return (
    <div className={`rf-row ${classes["row"] ?? ""}`} data-event={event.event_id}>
      <div className={classes["line"]}>
        <button
          type="button"
          className={classes["open"]}
          onClick={toggle}
          aria-expanded={open}
          aria-label={`${open ? "Close" : "Open"} the record: ${sentence}`}
        >
          {open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
        </button>
        <span className={classes["time"]}>
          <When ms={event.time_ms} as="clock" />
        </span>
        <span
          className={classes["mark"]}
          {...(found ? { "data-found": "", title: severityWord(event.severity_id) } : {})}
        >
          {found && <SeverityShape id={Math.max(event.severity_id, 3)} />}
        </span>
        <span className={`rf-outside ${classes["words"] ?? ""}`} data-found={found ? "" : undefined}>
          {sentence}
          {flag !== undefined ? (
            <span className={classes["flag"]}>{facts ?? flag}</span>
          ) : (
            facts !== undefined && <span className={classes["facts"]}> · {facts}</span>
          )}
        </span>
        <span className={classes["chips"]}>
          <EventChips event={event} hide={hide} />
        </span>
      </div>
      {open && <RecordDetail id={event.event_id} event={event} />}
    </div>
  );
}

export function EventChips({ event, hide = [] }: { event: TimelineEvent; hide?: string[] }) {
  const chips = [
    ["call", event.call_uid],
    ["agent", event.agent],
    ["customer", event.customer],
    ["number", event.caller],
    ["device", event.device],
    ["address", event.src_ip],
  ] as const;
  return chips.map(
    ([kind, value]) => value && !hide.includes(kind) && <EntityChip key={kind} kind={kind} value={value} size="xs" />,
  );
}

/** The whole event: its fields, what the call join said, the record as it came. */
export function RecordDetail({ id, event }: { id: string; event: TimelineEvent }) {
  const query = useQuery(recordQuery(id));
  const pairs = Object.entries(event).filter(
    ([key, value]) => !["facts", "ocsf", "findings", "flags"].includes(key) && value !== null && value !== "",
  );
  return (
    <Tabs defaultValue="fields" px="md" pb="sm" keepMounted={false}>
      <Tabs.List mb="xs">
        <Tabs.Tab value="fields">Fields</Tabs.Tab>
        {event.facts && <Tabs.Tab value="facts">What the calls say</Tabs.Tab>}
        {event.ocsf && <Tabs.Tab value="ocsf">OCSF</Tabs.Tab>}
        <Tabs.Tab value="raw">As it came</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="fields">
        <Pairs pairs={pairs} />
        {event.flags.length > 0 && (
          <Text size="xs" c="dimmed" mt={4}>
            Noticed at intake: {event.flags.join(", ").replaceAll("_", " ")}
          </Text>
        )}
      </Tabs.Panel>
      {event.facts && (
        <Tabs.Panel value="facts">
          <Pairs pairs={Object.entries(event.facts)} />
        </Tabs.Panel>
      )}
      {event.ocsf && (
        <Tabs.Panel value="ocsf">
          <Raw text={JSON.stringify(event.ocsf, null, 2)} />
        </Tabs.Panel>
      )}
      <Tabs.Panel value="raw">
        <Asked query={query} loading={<Loading rows={2} />}>
          {(record) => <Raw text={pretty(record.raw)} />}
        </Asked>
      </Tabs.Panel>
    </Tabs>
  );
}

const pretty = (text: string): string => {
  try {
    return text.startsWith("{") ? JSON.stringify(JSON.parse(text), null, 2) : text;
  } catch {
    return text;
  }
};

/** Text as it came from outside: never markup, never beyond its box. */
export function Raw({ text, tall = 360 }: { text: string; tall?: number | string }) {
  return (
    <ScrollArea.Autosize mah={tall} type="auto" viewportProps={{ tabIndex: 0 }}>
      <Code block className="rf-mono">
        {visible(text)}
      </Code>
    </ScrollArea.Autosize>
  );
}

export function Pairs({ pairs, cols = 3 }: { pairs: [string, unknown][]; cols?: 1 | 3 }) {
  return (
    <SimpleGrid cols={cols === 1 ? 1 : { base: 1, sm: 2, lg: 3 }} spacing="lg" verticalSpacing={2}>
      {pairs.map(([key, value]) => (
        <Group key={key} gap="xs" wrap="nowrap" align="baseline">
          <Text size="xs" c="dimmed" style={{ flex: "none" }}>
            {key}
          </Text>
          <Text size="sm" className="rf-mono" style={{ minWidth: 0 }}>
            {typeof value === "string" ? value : JSON.stringify(value)}
          </Text>
        </Group>
      ))}
    </SimpleGrid>
  );
}
