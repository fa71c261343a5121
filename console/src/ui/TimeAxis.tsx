/**
 * Events on one axis of time, a lane a kind. Points that would cover each other become one with a
 * count. Left and right walk from event to event, Enter opens; plus, minus and dragging zoom.
 */
import { ActionIcon, Group, Text, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconZoomIn, IconZoomOut, IconZoomReset } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, type ReactNode, memo, useMemo, useState } from "react";
import type { TimelineEvent } from "../api/queries";
import { LANES, type Lane, say } from "../lib/say";
import { clockTime, dayTime, exact, lasting } from "../lib/time";
import { severityColor } from "./Severity";
import classes from "./TimeAxis.module.css";
import {
  CAP,
  type Dot,
  HEAD,
  LABEL,
  type LaneRow,
  NARROW,
  ROW,
  type Stretch,
  dotsOf,
  rowsOf,
  spanOf,
  ticksOf,
  trackAt,
} from "./axis";

export type { Stretch };

const COLORS: Record<Lane, string> = {
  alerts: "var(--mantine-color-red-7)",
  call: "var(--mantine-color-ring-7)",
  signalling: "var(--mantine-color-indigo-5)",
  recording: "var(--mantine-color-grape-6)",
  records: "var(--mantine-color-orange-7)",
  agent: "var(--mantine-color-cyan-7)",
  machine: "var(--mantine-color-gray-6)",
};

export function TimeAxis({
  events,
  stretches = [],
  picked,
  onPick,
  onOpen,
  flagOf,
  label,
}: {
  events: TimelineEvent[];
  stretches?: Stretch[];
  /** `event_id` of the one that is open. */
  picked?: string | undefined;
  onPick: (event: TimelineEvent) => void;
  /** Enter on the picked one. */
  onOpen?: (event: TimelineEvent) => void;
  /** Why this event stands out, in words; it is drawn as a diamond. */
  flagOf?: (event: TimelineEvent) => string | undefined;
  label: string;
}) {
  const { ref, width } = useElementSize();
  const whole = useMemo(() => spanOf(events, stretches), [events, stretches]);
  const [zoom, setZoom] = useState<[number, number] | null>(null);
  const [seen, setSeen] = useState(picked);
  if (picked !== seen) {
    // What was picked elsewhere comes into view.
    setSeen(picked);
    const at = events.find((e) => e.event_id === picked)?.time_ms;
    if (zoom && at !== undefined && (at < zoom[0] || at > zoom[1])) {
      const half = (zoom[1] - zoom[0]) / 2;
      setZoom([at - half, at + half]);
    }
  }
  const [from, to] = zoom ?? whole;
  const narrow = width < NARROW;
  const left = narrow ? 4 : LABEL;
  const room = Math.max(width - left - 12, 50);
  const x = (ms: number) => left + ((ms - from) / Math.max(to - from, 1)) * room;
  const { rows, height } = useMemo(() => rowsOf(events, stretches, narrow ? CAP : 0), [events, stretches, narrow]);
  const dots = useMemo(
    () => dotsOf(events, rows, [from, to], [left, room], flagOf),
    [events, rows, from, to, left, room, flagOf],
  );
  const change = (factor: number, middle = (from + to) / 2) => {
    const half = Math.max(((to - from) * factor) / 2, 500);
    const next: [number, number] = [Math.max(middle - half, whole[0]), Math.min(middle + half, whole[1])];
    setZoom(next[0] <= whole[0] && next[1] >= whole[1] ? null : next);
  };
  const [drag, setDrag] = useState<[number, number] | null>(null);
  const msAt = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const ms = from + ((event.clientX - box.left - left) / room) * (to - from);
    return Math.min(Math.max(ms, from), to);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const here = events.findIndex((e) => e.event_id === picked);
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = events[here];
    if (step !== undefined) {
      const next = events[Math.min(Math.max(here + step, 0), events.length - 1)];
      if (next) onPick(next);
    } else if (event.key === "+" || event.key === "=") change(0.5, at?.time_ms);
    else if (event.key === "-") change(2);
    else if (event.key === "0") setZoom(null);
    else if (event.key === "Enter" && at && onOpen) onOpen(at);
    else return;
    event.preventDefault();
  };
  return (
    <div ref={ref} className={classes["box"]}>
      {width > 0 && (
        <svg
          width={width}
          height={height}
          role="application"
          aria-label={`${label}: ${events.length} events on an axis of time. Arrow keys walk, plus and minus zoom.`}
          tabIndex={0}
          onKeyDown={keys}
          onPointerDown={(e) => {
            if (e.button === 0 && !(e.target as Element).closest("[data-dot]")) {
              e.currentTarget.setPointerCapture(e.pointerId);
              setDrag([msAt(e), msAt(e)]);
            }
          }}
          onPointerMove={(e) => drag && setDrag([drag[0], msAt(e)])}
          onPointerUp={() => {
            if (drag && Math.abs(drag[1] - drag[0]) > (to - from) / 60) setZoom([Math.min(...drag), Math.max(...drag)]);
            setDrag(null);
          }}
          onPointerCancel={() => setDrag(null)}
          className={classes["axis"]}
        >
          <defs>
            <pattern id="rf-hatch" width="6" height="6" patternTransform="rotate(45)" patternUnits="userSpaceOnUse">
              <rect width="3" height="6" fill="rgb(255 255 255 / 45%)" />
            </pattern>
            <pattern id="rf-dots" width="6" height="6" patternUnits="userSpaceOnUse">
              <circle cx="3" cy="3" r="1.4" fill="rgb(255 255 255 / 60%)" />
            </pattern>
          </defs>
          {ticksOf(from, to, room).map((at) => (
            <g key={at}>
              <line x1={x(at)} x2={x(at)} y1={HEAD - 4} y2={height} className={classes["grid"]} />
              <text
                x={x(at)}
                y={12}
                className={classes["tick"]}
                textAnchor={x(at) > width - 40 ? "end" : x(at) < 40 ? "start" : "middle"}
              >
                {to - from > 86_400_000 ? dayTime(at) : clockTime(at)}
              </text>
            </g>
          ))}
          {rows.map((row) => (
            <LaneFrame key={row.lane} row={row} left={left} right={width - 12} narrow={narrow} />
          ))}
          {stretches
            .filter((s) => s.to >= from && s.from <= to)
            .map((s, i) => {
              const row = rows.find((r) => r.lane === s.lane);
              if (!row) return null;
              const begin = Math.max(x(s.from), left);
              const wide = Math.max(Math.min(x(s.to), width - 12) - begin, 2);
              const box = { x: begin, y: trackAt(row, s.track) + 6, width: wide, height: ROW - 12, rx: 3 };
              return (
                <g key={i}>
                  <title>{`${s.label}: ${exact(s.from)} to ${exact(s.to)}, ${lasting(s.to - s.from)}`}</title>
                  <rect {...box} fill={s.color} />
                  {s.pattern === "hatched" && <rect {...box} fill="url(#rf-hatch)" />}
                  {s.pattern === "dotted" && <rect {...box} fill="url(#rf-dots)" />}
                  {wide > s.label.length * 6.4 + 20 && (
                    <text x={begin + 14} y={box.y + 13} className={classes["bar"]}>
                      {s.label}
                    </text>
                  )}
                </g>
              );
            })}
          <Dots dots={dots} picked={picked} onPick={onPick} />
          {drag && (
            <rect
              x={Math.min(x(drag[0]), x(drag[1]))}
              y={HEAD}
              width={Math.abs(x(drag[1]) - x(drag[0]))}
              height={height - HEAD}
              className={classes["drag"]}
            />
          )}
        </svg>
      )}
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Group gap={2} wrap="nowrap">
          <Tool label="Zoom in" hint="Closer (+)" onClick={() => change(0.5)}>
            <IconZoomIn size={15} />
          </Tool>
          <Tool label="Zoom out" hint="Further (−)" onClick={() => change(2)} disabled={!zoom}>
            <IconZoomOut size={15} />
          </Tool>
          <Tool label="Show all" hint="All of it (0)" onClick={() => setZoom(null)} disabled={!zoom}>
            <IconZoomReset size={15} />
          </Tool>
        </Group>
        <Text size="xs" c="dimmed" ta="right">
          {dayTime(from)} to {dayTime(to)}
        </Text>
      </Group>
    </div>
  );
}

function Tool({
  label,
  hint,
  children,
  ...button
}: {
  label: string;
  hint: string;
  onClick: () => void;
  disabled?: boolean;
  children: ReactNode;
}) {
  return (
    <Tooltip label={hint}>
      <ActionIcon size="sm" variant="subtle" color="gray" aria-label={label} {...button}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

/** The name of a lane and the lines that its dots stand on. */
function LaneFrame({ row, left, right, narrow }: { row: LaneRow; left: number; right: number; narrow: boolean }) {
  const lines = Math.max(row.tracks.length, 1);
  return (
    <g>
      <text x={0} y={narrow ? row.top - 2 : row.top + 19} className={classes["lane"]}>
        {LANES[row.lane]}
      </text>
      {Array.from({ length: lines }, (_, i) => {
        const y = row.top + i * ROW + ROW / 2;
        const track = row.tracks[i];
        return (
          <g key={i}>
            <line x1={left} x2={right} y1={y} y2={y} className={classes["line"]} />
            {!narrow && track !== undefined && (
              <text x={left - 8} y={y + 4} className={classes["tick"]} textAnchor="end">
                {track.length > 12 ? `${track.slice(0, 11)}…` : track}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

/** Drawn anew only when they change: dragging over them does not. */
const Dots = memo(function Dots({
  dots,
  picked,
  onPick,
}: {
  dots: Dot[];
  picked: string | undefined;
  onPick: (event: TimelineEvent) => void;
}) {
  // What stands out is drawn last, over its neighbours.
  const ordered = dots.toSorted((a, b) => Number(a.flag !== undefined) - Number(b.flag !== undefined));
  return ordered.map((dot) => {
    const { y } = dot;
    const first = dot.events[0];
    if (!first) return null;
    const many = dot.events.length;
    const worst = Math.max(
      ...dot.events.map((e) => (e.findings.length > 0 ? Math.max(e.severity_id, 3) : e.severity_id)),
    );
    const found = dot.lane === "alerts" || dot.events.some((e) => e.findings.length > 0);
    const here = dot.events.some((e) => e.event_id === picked);
    const flag = dot.flag === undefined ? "" : `, ${dot.flag}`;
    return (
      // The axis itself takes the keys.
      <g key={first.event_id} data-dot="" onClick={() => onPick(first)} className={classes["dot"]}>
        <title>
          {many > 1
            ? `${many} events${flag}, first: ${say(first)}, ${exact(first.time_ms)}`
            : `${say(first)}${flag}, ${exact(first.time_ms)}`}
        </title>
        {here && <circle cx={dot.x} cy={y} r={11} className={classes["picked"]} />}
        {found ? (
          <path
            d={`M${dot.x} ${y - 7}l6.5 12h-13Z`}
            fill={severityColor(Math.max(worst, 3))}
            className={classes["mark"]}
          />
        ) : dot.flag !== undefined ? (
          <path d={`M${dot.x} ${y - 8.5}l8.5 8.5l-8.5 8.5l-8.5 -8.5Z`} className={classes["flag"]} />
        ) : dot.small ? (
          <>
            <circle cx={dot.x} cy={y} r={8} fill="transparent" />
            <circle cx={dot.x} cy={y} r={3} className={classes["small"]} />
          </>
        ) : (
          <circle cx={dot.x} cy={y} r={many > 1 ? 7 : 4.5} fill={COLORS[dot.lane]} className={classes["mark"]} />
        )}
        {(dot.flag !== undefined || (many > 1 && !dot.small)) && !found && (
          <text x={dot.x} y={y + 3.5} className={classes["count"]} textAnchor="middle">
            {many > 1 ? (many > 99 ? "99" : many) : "!"}
          </text>
        )}
      </g>
    );
  });
});
