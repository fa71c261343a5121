/** The alert's events on one axis of time, among everything that happened around them. */
import { Group, SegmentedControl, Stack, Text } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { type Alert, type Table, type Timeline, type TimelineEvent, sqlQuery, timelineQuery } from "../../api/queries";
import { count, plural } from "../../lib/format";
import { keepSame } from "../../lib/same";
import { EvidenceList } from "../../ui/EvidenceList";
import { Asked, Empty, Loading } from "../../ui/States";
import { entityKindOf } from "../../ui/StoryEntity";
import { TimeAxis } from "../../ui/TimeAxis";
import { type SpanChoice, eventOf, eventsSql, marked, spanOf } from "./around";

/** More rows than this only tire; the entity's own page has them all. */
const MOST = 2_000;
/** So many events are asked for by their ids. */
const MOST_IDS = 300;

export interface AroundProps {
  alert: Alert;
  evidence: ReadonlyMap<string, ReadonlySet<string>>;
  severity: (rule: string) => number;
  span: SpanChoice;
  only: boolean;
  picked: string | undefined;
  set: (change: { span?: SpanChoice; only?: boolean; picked?: string }) => void;
}

export function Around(props: AroundProps) {
  const kind = entityKindOf(props.alert.entity_kind);
  return kind ? <OfEntity {...props} kind={kind} /> : <ByIds {...props} />;
}

function OfEntity({ kind, ...props }: AroundProps & { kind: NonNullable<ReturnType<typeof entityKindOf>> }) {
  const { alert, span } = props;
  const asked = spanOf(alert, span);
  const query = useQuery({
    ...timelineQuery(kind, alert.entity_value, { ...asked, limit: MOST, last: true }),
    structuralSharing: keepSame,
  });
  return (
    <Asked query={query} loading={<Loading rows={4} height={60} />}>
      {(data: Timeline) => <Shown {...props} items={data.items} truncated={data.truncated} hide={[kind]} context />}
    </Asked>
  );
}

/** What has no timeline of its own (a site, a source): the events of the findings alone. */
function ByIds(props: AroundProps) {
  const ids = useMemo(() => [...props.evidence.keys()].slice(0, MOST_IDS), [props.evidence]);
  const query = useQuery({
    ...sqlQuery(eventsSql(ids, wide(spanOf(props.alert, "story"))), MOST_IDS),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
    select: inOrder,
  });
  if (props.evidence.size === 0) return <Nothing />;
  return (
    <Asked query={query} loading={<Loading rows={4} height={60} />}>
      {(items: TimelineEvent[]) => (
        <Shown {...props} items={items} truncated={props.evidence.size > MOST_IDS} hide={[]} context={false} />
      )}
    </Asked>
  );
}

const inOrder = (table: Table) => table.rows.map(eventOf).sort((a, b) => a.time_ms - b.time_ms);

/** What a rule counted may have begun long before its first finding. */
const wide = ({ from_ms, to_ms }: { from_ms: number; to_ms: number }) => ({ from_ms: from_ms - 86_400_000, to_ms });

const Nothing = () => (
  <Empty title="The events are not there any more">
    The lake keeps events for a set time only; the findings keep what the rules saw.
  </Empty>
);

function Shown({
  alert,
  evidence,
  severity,
  span,
  only,
  picked,
  set,
  items,
  truncated,
  hide,
  context,
}: AroundProps & { items: TimelineEvent[]; truncated: boolean; hide: string[]; context: boolean }) {
  const all = useMemo(() => marked(items, evidence, severity), [items, evidence, severity]);
  const found = useMemo(() => all.filter((event) => evidence.has(event.event_id)), [all, evidence]);
  const shown = only ? found : all;
  const pick = useCallback((event: TimelineEvent) => set({ picked: event.event_id }), [set]);
  const flagOf = useCallback(
    (event: TimelineEvent) => (evidence.has(event.event_id) ? "evidence" : undefined),
    [evidence],
  );
  const long = alert.last_time_ms - alert.first_time_ms > 600_000;
  return (
    <Stack gap="sm">
      {context && (
        <Group gap="xs" justify="space-between">
          <Group gap="xs">
            <SegmentedControl
              size="xs"
              aria-label="Which events"
              data={[
                { value: "all", label: `Everything (${count(all.length)})` },
                { value: "only", label: `Evidence only (${count(found.length)})` },
              ]}
              value={only ? "only" : "all"}
              onChange={(value) => set({ only: value === "only" })}
            />
            {long && (
              <SegmentedControl
                size="xs"
                aria-label="Which time"
                data={[
                  { value: "story", label: "The whole story" },
                  { value: "last", label: "The last 15 minutes of it" },
                ]}
                value={span}
                onChange={(value) => set({ span: value === "last" ? "last" : "story" })}
              />
            )}
          </Group>
        </Group>
      )}
      {shown.length === 0 ? (
        <Nothing />
      ) : (
        <>
          <TimeAxis events={shown} picked={picked} onPick={pick} flagOf={flagOf} label="What happened" />
          {truncated && (
            <Text size="sm" c="dimmed">
              {context
                ? `Only the last ${plural(items.length, "event")} of that time are shown.`
                : `Only ${plural(items.length, "event")} of ${count(evidence.size)} are shown.`}
            </Text>
          )}
          <EvidenceList
            events={shown}
            picked={picked}
            onPick={pick}
            hide={hide}
            label="Events, in the order of time"
            height="min(52vh, 560px)"
            keys={false}
          />
        </>
      )}
    </Stack>
  );
}
