/** A strip of counts over time: small, exact on hover, readable as a table by those who do not see it. */
import { Group, Text } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { compact, count } from "../lib/format";
import { clockTime } from "../lib/time";
import { HIDDEN } from "./Severity";

export interface Series {
  /** Moments, ms. */
  at: number[];
  counts: number[];
}

export function Trend({
  title,
  unit,
  series,
  height = 64,
  onPick,
}: {
  title: string;
  unit: string;
  series: Series;
  height?: number;
  onPick?: (ms: number) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const [over, setOver] = useState<number | null>(null);
  const total = series.counts.reduce((a, b) => a + b, 0);
  const pick = useRef(onPick);
  useEffect(() => {
    pick.current = onPick;
  });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const style = getComputedStyle(element);
    const stroke = style.getPropertyValue("--mantine-primary-color-filled") || "#067982";
    const plot = new uPlot(
      {
        width: element.clientWidth || 300,
        height,
        legend: { show: false },
        cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
        axes: [{ show: false }, { show: false }],
        padding: [2, 0, 0, 0],
        scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(max, 1)] } },
        series: [
          {},
          {
            stroke,
            width: 1.5,
            fill: `color-mix(in srgb, ${stroke} 18%, transparent)`,
            ...(uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
          },
        ],
        hooks: { setCursor: [(u) => setOver(u.cursor.idx ?? null)] },
      },
      [series.at.map((ms) => ms / 1000), series.counts],
      element,
    );
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height }));
    resize.observe(element);
    const click = () => {
      const at = plot.cursor.idx === null || plot.cursor.idx === undefined ? undefined : series.at[plot.cursor.idx];
      if (at !== undefined) pick.current?.(at);
    };
    element.addEventListener("click", click);
    return () => {
      resize.disconnect();
      element.removeEventListener("click", click);
      plot.destroy();
    };
  }, [series, height]);
  const at = over === null ? undefined : series.at[over];
  return (
    <figure style={{ margin: 0 }}>
      <Group justify="space-between" component="figcaption" gap={4} wrap="nowrap">
        <Text size="xs" c="dimmed" span>
          {title}
        </Text>
        <Text size="xs" span className="rf-num">
          {at !== undefined && over !== null
            ? `${clockTime(at)}: ${count(series.counts[over] ?? 0)}`
            : `${compact(total)} ${total === 1 ? unit.replace(/s$/, "") : unit}`}
        </Text>
      </Group>
      <div ref={box} style={{ height }} aria-hidden="true" />
      <span style={HIDDEN}>
        {title}: {count(total)} {unit} in all, at most {count(Math.max(0, ...series.counts))} in one interval
      </span>
    </figure>
  );
}
