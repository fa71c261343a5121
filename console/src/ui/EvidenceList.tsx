/** Events as rows, as many as there are: only those in view are drawn. J and K walk, O opens. */
import { Box, Group, Text, UnstyledButton } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState } from "react";
import type { TimelineEvent } from "../api/queries";
import { useKeys } from "../app/keys";
import { compact } from "../lib/format";
import { LANES, type Lane, laneOf } from "../lib/say";
import { fullDay } from "../lib/time";
import classes from "./EvidenceList.module.css";
import { EvidenceRow } from "./EvidenceRow";

export function EvidenceList({
  events,
  picked,
  onPick,
  hide = [],
  flagOf,
  label,
  height = "min(62vh, 720px)",
  keys = true,
  start = "first",
}: {
  /** In the order of time. */
  events: TimelineEvent[];
  picked?: string | undefined;
  onPick: (event: TimelineEvent) => void;
  hide?: string[];
  flagOf?: (event: TimelineEvent) => string | undefined;
  label: string;
  height?: string;
  /** Whether J, K and O are the list's on this page. */
  keys?: boolean;
  /** Which end is in view until one is picked. */
  start?: "first" | "last";
}) {
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(picked === undefined ? [] : [picked]));
  const places = useMemo(() => new Map(events.map((e, i) => [e.event_id, i])), [events]);
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => box.current,
    estimateSize: () => 36,
    overscan: 6,
    getItemKey: (i) => events[i]?.event_id ?? i,
  });
  const here = picked === undefined ? undefined : places.get(picked);
  const begin = useRef(start === "last" && here === undefined ? events.length - 1 : -1);
  useEffect(() => {
    if (begin.current >= 0) rows.scrollToIndex(begin.current, { align: "end" });
  }, [rows]);
  useEffect(() => {
    if (here !== undefined) rows.scrollToIndex(here, { align: "auto" });
  }, [here, rows]);
  const toggle = (event: TimelineEvent) => {
    setOpen((was) => {
      const next = new Set(was);
      if (!next.delete(event.event_id)) next.add(event.event_id);
      return next;
    });
    onPick(event);
  };
  const walk = (step: number) => {
    const next = events[here === undefined ? 0 : Math.min(Math.max(here + step, 0), events.length - 1)];
    if (next) onPick(next);
  };
  const own = {
    j: () => walk(1),
    k: () => walk(-1),
    o: () => {
      const event = here === undefined ? undefined : events[here];
      if (event) toggle(event);
    },
  };
  useKeys(keys ? own : {});
  return (
    <div ref={box} className={classes["box"]} style={{ maxHeight: height }} role="region" aria-label={label}>
      <div style={{ height: rows.getTotalSize(), position: "relative" }} role="list">
        {rows.getVirtualItems().map((item) => {
          const event = events[item.index];
          if (!event) return null;
          const before = events[item.index - 1];
          const day = fullDay(event.time_ms);
          const newDay = before ? fullDay(before.time_ms) !== day : false;
          return (
            <div
              key={item.key}
              ref={rows.measureElement}
              data-index={item.index}
              role="listitem"
              aria-setsize={events.length}
              aria-posinset={item.index + 1}
              {...(event.event_id === picked ? { "aria-current": "true" as const } : {})}
              className={classes["row"]}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {newDay && (
                <Text size="xs" fw={600} c="dimmed" px="xs" pt={8} pb={2}>
                  {day}
                </Text>
              )}
              <EvidenceRow
                event={event}
                open={open.has(event.event_id)}
                toggle={() => toggle(event)}
                hide={hide}
                flag={flagOf?.(event)}
              />
            </div>
          );
        })}
      </div>
    </div>
  );
}

/** `call,records` of the address as lanes; what is none is left out. */
export const lanesOf = (text: string | undefined): Lane[] =>
  (text ?? "").split(",").filter((lane): lane is Lane => Object.hasOwn(LANES, lane));

/** Which lanes are listed: each can be pressed; none pressed is all. */
export function LaneFilter({
  events,
  lanes,
  onChange,
}: {
  events: TimelineEvent[];
  lanes: Lane[];
  onChange: (lanes: Lane[]) => void;
}) {
  const counts = useMemo(() => {
    const all = new Map<Lane, number>();
    for (const event of events) all.set(laneOf(event), (all.get(laneOf(event)) ?? 0) + 1);
    return all;
  }, [events]);
  const there = (Object.keys(LANES) as Lane[]).filter((lane) => counts.has(lane) || lanes.includes(lane));
  return (
    <Group gap={6} role="group" aria-label="Which events are listed">
      <Press on={lanes.length === 0} onClick={() => onChange([])} word="All" n={events.length} />
      {there.map((lane) => (
        <Press
          key={lane}
          on={lanes.includes(lane)}
          onClick={() => onChange(lanes.includes(lane) ? lanes.filter((l) => l !== lane) : [...lanes, lane])}
          word={LANES[lane]}
          n={counts.get(lane) ?? 0}
        />
      ))}
    </Group>
  );
}

function Press({ on, onClick, word, n }: { on: boolean; onClick: () => void; word: string; n: number }) {
  return (
    <UnstyledButton className={classes["press"]} aria-pressed={on} onClick={onClick}>
      {word}{" "}
      <Box component="span" className="rf-num">
        {compact(n)}
      </Box>
    </UnstyledButton>
  );
}
