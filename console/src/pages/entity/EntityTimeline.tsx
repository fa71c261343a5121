/** What it did in a stretch of time: the axis, the events, whom it met. */
import { ActionIcon, Alert, Button, Grid, Group, SegmentedControl, Stack, Text, Tooltip } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconInfoCircle, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { type Timeline, type TimelineEvent, timelineQuery } from "../../api/queries";
import { count } from "../../lib/format";
import { keepSame } from "../../lib/same";
import { laneOf } from "../../lib/say";
import { dayTime } from "../../lib/time";
import { EvidenceList, LaneFilter, lanesOf } from "../../ui/EvidenceList";
import { Section } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { TimeAxis } from "../../ui/TimeAxis";
import { When } from "../../ui/When";
import { flagOf } from "../call/stretches";
import { Related } from "./Related";
import { Shares } from "./Shares";
import { attestationsOf, lookupsOf, stretchesOf } from "./derive";
import { type Kind, allSql } from "./questions";
import { LASTS, LAST_WORDS, type Range, type RangeSearch, dayUntil, rangeOf, shifted } from "./ranges";

/** As many events as one answer has; beyond them one looks at a shorter stretch. */
const MOST = 3_000;

export function EntityTimeline({
  kind,
  value,
  latest,
}: {
  kind: Kind;
  value: string;
  /** When it was seen last; null for never, nothing while that is asked. */
  latest: number | null | undefined;
}) {
  const search = useSearch({ from: "/entity/$kind/$value" });
  const navigate = useNavigate({ from: "/entity/$kind/$value" });
  const { last, from, to } = search;
  // The stretch stands still until another is chosen; new events come in at its end.
  const [now, setNow] = useState(() => Date.now());
  const range = useMemo(() => rangeOf({ last, from, to }, now), [last, from, to, now]);
  const query = useQuery({
    ...timelineQuery(kind, value, {
      ...(range.from !== undefined && { from_ms: range.from }),
      ...(range.to !== undefined && { to_ms: range.to }),
      limit: MOST,
      last: true,
    }),
    structuralSharing: keepSame,
    refetchInterval: range.to === undefined ? 15_000 : false,
  });
  const change = useCallback(
    (next: Partial<typeof search>) =>
      void navigate({ search: (was) => ({ ...was, ...next }), replace: true, resetScroll: false }),
    [navigate],
  );
  const go = useCallback(
    (next: RangeSearch) => {
      setNow(Date.now());
      void navigate({
        search: (was) => ({ ...was, last: undefined, from: undefined, to: undefined, event: undefined, ...next }),
        resetScroll: false,
      });
    },
    [navigate],
  );
  return (
    <Section title="What happened" aside={<RangePicker range={range} now={now} go={go} />}>
      <Asked
        query={query}
        loading={<Loading rows={8} height={30} />}
        empty={(data) =>
          data.items.length === 0 && <Nothing kind={kind} value={value} latest={latest} range={range} go={go} />
        }
      >
        {(data) => (
          <Told kind={kind} value={value} timeline={data} range={range} search={search} change={change} go={go} />
        )}
      </Asked>
    </Section>
  );
}

function RangePicker({ range, now, go }: { range: Range; now: number; go: (next: RangeSearch) => void }) {
  const earlier = shifted(range, -1, now);
  const later = shifted(range, 1, now);
  return (
    <Group gap={6}>
      {range.last === undefined && (
        <Text size="sm" c="dimmed">
          {range.from === undefined ? "Up to" : `${dayTime(range.from)} to`}{" "}
          {range.to === undefined ? "now" : dayTime(range.to)}
        </Text>
      )}
      <Shift label="Earlier" search={earlier} go={go} icon={<IconChevronLeft size={16} />} />
      <SegmentedControl
        size="xs"
        aria-label="Which stretch of time"
        // No value of the list: moments were given.
        value={range.last ?? ""}
        onChange={(last) => go({ last })}
        data={LASTS.map((last) => ({ value: last, label: LAST_WORDS[last] }))}
      />
      <Shift label="Later" search={later} go={go} icon={<IconChevronRight size={16} />} />
    </Group>
  );
}

function Shift({
  label,
  search,
  go,
  icon,
}: {
  label: string;
  search: RangeSearch | undefined;
  go: (next: RangeSearch) => void;
  icon: React.ReactNode;
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="default"
        aria-label={`${label} by the same length`}
        disabled={!search}
        onClick={() => search && go(search)}
      >
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}

function Nothing({
  kind,
  value,
  latest,
  range,
  go,
}: {
  kind: Kind;
  value: string;
  latest: number | null | undefined;
  range: Range;
  go: (next: RangeSearch) => void;
}) {
  if (latest === null) {
    return (
      <Empty title={`This ${kind} was never seen`}>
        <Text size="sm" className="rf-outside">
          No event that is kept names {value}.
        </Text>
        <Button
          mt="md"
          variant="default"
          leftSection={<IconSearch size={15} />}
          renderRoot={(props) => (
            <Link to="/search" search={{ mode: "sql", sql: allSql(kind, value, {}) }} {...props} />
          )}
        >
          Search all events
        </Button>
      </Empty>
    );
  }
  const when = range.last === undefined ? "then" : range.last === "all" ? "at all" : "in that time";
  return (
    <Empty title={`Nothing happened ${when}`}>
      {latest !== undefined && (
        <>
          Last seen <When ms={latest} />.
          <div>
            <Button mt="sm" variant="default" onClick={() => go(dayUntil(latest))}>
              Show the day up to then
            </Button>
          </div>
        </>
      )}
    </Empty>
  );
}

interface Search {
  lane?: string | undefined;
  event?: string | undefined;
}

function Told({
  kind,
  value,
  timeline,
  range,
  search,
  change,
  go,
}: {
  kind: Kind;
  value: string;
  timeline: Timeline;
  range: Range;
  search: Search;
  change: (next: Search) => void;
  go: (next: RangeSearch) => void;
}) {
  const { items: events, truncated } = timeline;
  const stretches = useMemo(() => stretchesOf(events, kind === "agent"), [events, kind]);
  const lanes = useMemo(() => lanesOf(search.lane), [search.lane]);
  const listed = useMemo(
    () => (lanes.length === 0 ? events : events.filter((e) => lanes.includes(laneOf(e)))),
    [events, lanes],
  );
  const pick = useCallback((event: TimelineEvent) => change({ event: event.event_id }), [change]);
  const lookups = useMemo(() => (kind === "agent" ? lookupsOf(events) : []), [kind, events]);
  const attested = useMemo(() => (kind === "number" ? attestationsOf(events) : []), [kind, events]);
  const first = events[0];
  return (
    <Stack gap="sm">
      {truncated && first && (
        <Alert variant="light" color="gray" icon={<IconInfoCircle />} role="status" p="xs">
          <Group gap="xs">
            <Text size="sm">
              There is more in this time: these are its last {count(events.length)} events, from{" "}
              {dayTime(first.time_ms)} on.
            </Text>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() =>
                go({ ...(range.from !== undefined && { from: String(range.from) }), to: String(first.time_ms) })
              }
            >
              Show those before
            </Button>
          </Group>
        </Alert>
      )}
      <TimeAxis
        events={events}
        stretches={stretches}
        picked={search.event}
        onPick={pick}
        flagOf={flagOf}
        label={`What happened to this ${kind}`}
      />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, lg: 9 }}>
          <Stack gap="xs">
            <LaneFilter
              events={events}
              lanes={lanes}
              onChange={(next) => change({ lane: next.length > 0 ? next.join(",") : undefined })}
            />
            <EvidenceList
              events={listed}
              picked={search.event}
              onPick={pick}
              hide={[kind]}
              start="last"
              flagOf={flagOf}
              label={`Events of this ${kind} in the order of time. J and K walk, O opens.`}
            />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 3 }}>
          <Stack gap="lg">
            {lookups.length > 0 && <Shares title="Record look-ups" shares={lookups} partial={truncated} />}
            {attested.length > 0 && (
              <Shares title="Calls by who vouched for it" shares={attested} partial={truncated} />
            )}
            <Related kind={kind} value={value} range={range} />
          </Stack>
        </Grid.Col>
      </Grid>
    </Stack>
  );
}
