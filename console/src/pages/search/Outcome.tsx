/** What is shown where there are no rows: why, and what to try. */
import { Button, Group, Paper, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconClockX, IconCpu, IconHourglassHigh, IconPlugConnectedX } from "@tabler/icons-react";
import { Empty } from "../../ui/States";
import { When } from "../../ui/When";
import { textMoment } from "./buckets";
import { newestSql } from "./build";
import type { Table } from "../../api/queries";
import type { Said } from "./problems";
import { useBeside } from "./run";
import type { Last, State } from "./state";
import { LAST_WORDS, rangeWords } from "./words";

const ICONS: Partial<Record<Said["kind"], typeof IconClockX>> = {
  timeout: IconClockX,
  memory: IconCpu,
  busy: IconHourglassHigh,
  unreachable: IconPlugConnectedX,
  broken: IconPlugConnectedX,
};

export function Trouble({
  said,
  again,
  shorter,
}: {
  said: Said;
  again: () => void;
  shorter?: (() => void) | undefined;
}) {
  const Icon = ICONS[said.kind] ?? IconAlertTriangle;
  return (
    <Paper p="lg" role="alert" data-problem={said.kind}>
      <Group align="flex-start" gap="md" wrap="nowrap" maw={720} mx="auto">
        <Text c={said.kind === "busy" ? "orange.7" : "red.7"} component="div">
          <Icon size={30} stroke={1.5} aria-hidden="true" />
        </Text>
        <div style={{ minWidth: 0 }}>
          <Title order={2} size="h4">
            {said.title}
          </Title>
          <Text size="sm" className="rf-outside" mt={2} style={{ whiteSpace: "pre-wrap" }}>
            {said.what}
          </Text>
          {said.advice.length > 0 && (
            <ul style={{ paddingLeft: 18, margin: "8px 0 0" }}>
              {said.advice.map((advice) => (
                <li key={advice}>
                  <Text size="sm">{advice}</Text>
                </li>
              ))}
            </ul>
          )}
          <Group gap="xs" mt="md">
            {shorter && (
              <Button size="xs" onClick={shorter}>
                Search only the last 15 min
              </Button>
            )}
            {said.kind !== "invalid" && said.kind !== "forbidden" && (
              <Button size="xs" variant={said.again ? "filled" : "default"} onClick={again}>
                Run again
              </Button>
            )}
          </Group>
        </div>
      </Group>
    </Paper>
  );
}

const NEXT: Partial<Record<Last, Last>> = {
  "15m": "24h",
  "1h": "24h",
  "6h": "24h",
  "24h": "30d",
  "7d": "30d",
  "30d": "all",
};

const newestOf = (table: Table): number => textMoment(table.rows[0]?.["newest"]);

/** No rows: whether nothing fits, or nothing is there to fit. */
export function Nothing({ state, at, go }: { state: State; at: number; go: (change: Partial<State>) => void }) {
  const newest = useBeside(newestSql, at, newestOf);
  const none = newest.data !== undefined && !Number.isFinite(newest.data);
  if (state.mode === "sql") {
    return (
      <Empty title="The query gives no rows">
        {none ? "There are no events at all yet." : "It ran, and nothing fits it."}
      </Empty>
    );
  }
  const bare = state.text === "" && state.filters.length === 0;
  const wider = "last" in state.range ? NEXT[state.range.last] : "30d";
  const last = newest.data !== undefined && Number.isFinite(newest.data) && (
    <>
      The newest event there is came <When ms={newest.data} />.
    </>
  );
  return (
    <Empty
      mood={bare || none ? "blind" : "none"}
      title={none ? "There are no events yet" : bare ? "No events in this time" : "Nothing fits"}
    >
      {none ? (
        "Connect a source, and they come in here."
      ) : (
        <>
          {rangeWords(state.range)}:{" "}
          {bare ? "no source sent anything that you may see. " : "no event fits the text and the filters. "}
          {last}
        </>
      )}
      <Group justify="center" gap="xs" mt="md">
        {wider && (
          <Button size="xs" variant="default" onClick={() => go({ range: { last: wider } })}>
            Search {LAST_WORDS[wider].toLowerCase()}
          </Button>
        )}
        {!bare && (
          <Button size="xs" variant="default" onClick={() => go({ text: "", filters: [] })}>
            Remove text and filters
          </Button>
        )}
      </Group>
    </Empty>
  );
}
