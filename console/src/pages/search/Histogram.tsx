/**
 * How many events when, stacked by severity. Dragging, or a click on a bar, narrows the time; by key:
 * arrows walk, with Shift they mark, Enter narrows. What is rare and bad is never too small to see.
 */
import { ActionIcon, Group, Skeleton, Text, Tooltip } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconZoomOut } from "@tabler/icons-react";
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { compact, count, plural } from "../../lib/format";
import { clockTime, dayTime } from "../../lib/time";
import { HIDDEN, SeverityShape, severityColor, severityWord } from "../../ui/Severity";
import { type Histogram as Counts, stepWord } from "./buckets";
import classes from "./Search.module.css";

const HEIGHT = 84;
const AXIS = 18;

export function HistogramLoading() {
  return <Skeleton height={HEIGHT + AXIS + 22} radius="md" role="status" aria-label="Counting over time" />;
}

export function Histogram({
  counts,
  onRange,
  wider,
}: {
  counts: Counts;
  /** From and to, ms; absent where the time cannot be narrowed. */
  onRange?: ((from: number, to: number) => void) | undefined;
  wider?: (() => void) | undefined;
}) {
  const { ref, width } = useElementSize();
  const [marked, setMarked] = useState<{ from: number; to: number; held: boolean } | null>(null);
  // A mark is on bars: with other bars it says nothing.
  const [of, setOf] = useState(counts);
  if (of !== counts) {
    setOf(counts);
    setMarked(null);
  }
  const { at, step, totals, series } = counts;
  const most = Math.max(1, ...totals);
  const each = width / Math.max(at.length, 1);
  const low = marked ? Math.min(marked.from, marked.to) : -1;
  const high = marked ? Math.max(marked.from, marked.to) : -1;
  const indexAt = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.min(Math.max(Math.floor((event.clientX - box.left) / each), 0), at.length - 1);
  };
  const take = () => {
    const first = at[low];
    const last = at[high];
    if (first !== undefined && last !== undefined) onRange?.(first, last + step);
    setMarked(null);
  };
  const keys = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by !== undefined) {
      const to = Math.min(Math.max((marked?.to ?? (by > 0 ? -1 : at.length)) + by, 0), at.length - 1);
      setMarked({ from: event.shiftKey && marked ? marked.from : to, to, held: false });
    } else if (event.key === "Enter" && marked && onRange) take();
    else if (event.key === "Escape" && marked) setMarked(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const long = (at.at(-1) ?? 0) - (at[0] ?? 0) > 86_400_000;
  const word = (ms: number) => (long ? dayTime(ms) : step < 60_000 ? clockTime(ms) : clockTime(ms).slice(0, -3));
  const firstMs = at[low];
  const lastMs = at[high];
  const inside = totals.slice(low, high + 1).reduce((a, b) => a + b, 0);
  const kinds = series
    .map((s) => ({
      severity: s.severity,
      n: s.counts.slice(Math.max(low, 0), marked ? high + 1 : undefined).reduce((a, b) => a + b, 0),
    }))
    .filter((s) => s.n > 0);
  const said =
    firstMs !== undefined && lastMs !== undefined
      ? `${word(firstMs)} to ${word(lastMs + step)}: ${plural(inside, "event")}`
      : `${plural(counts.total, "event")}, a bar is ${stepWord(step)}`;
  const ticks = ticksOf(at, Math.max(2, Math.floor(width / 120)));
  return (
    <figure className={classes["histogram"]} aria-label="Events over time">
      <Group component="figcaption" justify="space-between" gap="xs" mih={22}>
        <Text
          size="xs"
          c="dimmed"
          className="rf-clip"
          aria-live="polite"
          style={{ fontVariantNumeric: "tabular-nums" }}
        >
          {said}
        </Text>
        <Group gap={10}>
          {kinds.map((kind) => (
            <Group key={kind.severity} gap={4} wrap="nowrap">
              <SeverityShape id={kind.severity} size={12} />
              <Text size="xs" span>
                {severityWord(kind.severity)} <span className="rf-num">{compact(kind.n)}</span>
              </Text>
            </Group>
          ))}
          {wider && (
            <Tooltip label="Twice as long a time">
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label="Show twice as long a time"
                onClick={wider}
              >
                <IconZoomOut size={15} />
              </ActionIcon>
            </Tooltip>
          )}
        </Group>
      </Group>
      <div ref={ref} className={classes["bars"]} style={{ height: HEIGHT + AXIS }}>
        {width > 0 && (
          <svg
            width={width}
            height={HEIGHT + AXIS}
            role="application"
            tabIndex={0}
            aria-label={`Events over time, at most ${count(most)} in ${stepWord(step)}. Arrow keys walk, with Shift they mark${onRange ? ", Enter narrows the time" : ""}.`}
            onKeyDown={keys}
            onBlur={() => setMarked(null)}
            onPointerDown={(event) => {
              if (event.button !== 0 || !onRange) return;
              event.currentTarget.setPointerCapture(event.pointerId);
              const i = indexAt(event);
              setMarked({ from: i, to: i, held: true });
            }}
            onPointerMove={(event) => {
              const i = indexAt(event);
              setMarked((now) => (now?.held ? { ...now, to: i } : { from: i, to: i, held: false }));
            }}
            onPointerUp={() => {
              if (marked?.held) take();
            }}
            onPointerCancel={() => setMarked(null)}
            onPointerLeave={() => setMarked((now) => (now?.held ? now : null))}
            data-narrows={onRange ? "" : undefined}
          >
            {marked && (
              <rect
                x={low * each}
                width={(high - low + 1) * each}
                y={0}
                height={HEIGHT}
                className={classes["marked"]}
              />
            )}
            <line x1={0} x2={width} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} className={classes["axis"]} />
            {at.map((ms, i) => {
              let top = HEIGHT;
              return (
                <g key={ms}>
                  {series.map(({ severity, counts: per }) => {
                    const n = per[i] ?? 0;
                    if (n === 0) return null;
                    const tall = Math.max((n / most) * (HEIGHT - 6), severity >= 3 ? 3 : 1);
                    top -= tall;
                    return (
                      <rect
                        key={severity}
                        x={i * each + (each > 4 ? 0.75 : 0)}
                        width={Math.max(each - (each > 4 ? 1.5 : 0), 0.5)}
                        y={Math.max(top, 0)}
                        height={tall}
                        fill={severityColor(severity)}
                      />
                    );
                  })}
                </g>
              );
            })}
            {ticks.map((i) => (
              <text
                key={i}
                x={i * each}
                y={HEIGHT + AXIS - 4}
                textAnchor={i === 0 ? "start" : i * each > width - 50 ? "end" : "middle"}
                className={classes["tick"]}
              >
                {word(at[i] ?? 0)}
              </text>
            ))}
          </svg>
        )}
        <span className={classes["most"]} aria-hidden="true">
          {compact(most)}
        </span>
      </div>
      <span style={HIDDEN}>
        {series.map((s) => `${severityWord(s.severity)} ${count(s.counts.reduce((a, b) => a + b, 0))}`).join(", ")}
      </span>
    </figure>
  );
}

/** Evenly spread bars whose beginning is written below. */
function ticksOf(at: readonly number[], wanted: number): number[] {
  const every = Math.max(1, Math.ceil(at.length / wanted));
  return at.flatMap((_, i) => (i % every === 0 ? [i] : []));
}
