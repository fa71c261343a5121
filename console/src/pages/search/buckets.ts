/** Counts over time: how long a stretch is, and counts from rows. */
import type { Row, Table } from "../../api/queries";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const STEPS = [
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
  30 * DAY,
  90 * DAY,
  365 * DAY,
];

/** The shortest even stretch that gives no more than so many. */
export function stepFor(from: number, to: number, most = 80): number {
  const wanted = Math.max(to - from, 1) / most;
  const last = STEPS.at(-1) ?? DAY;
  return STEPS.find((step) => step >= wanted) ?? Math.ceil(wanted / last) * last;
}

/** A moment that stretches begin at: midnight here, so that a bar of a day is a day of the reader. */
export function originFor(from: number): number {
  const midnight = new Date(from);
  midnight.setHours(0, 0, 0, 0);
  return midnight.getTime();
}

/** `5 min`, `2 h`. */
export function stepWord(step: number): string {
  if (step % DAY === 0) return step === DAY ? "1 day" : `${step / DAY} days`;
  if (step % HOUR === 0) return `${step / HOUR} h`;
  if (step % MINUTE === 0) return `${step / MINUTE} min`;
  return `${step / SECOND} s`;
}

export interface Histogram {
  /** When each stretch begins, ms. */
  at: number[];
  step: number;
  /** Counts for each `severity_id` that occurs, worst first. */
  series: { severity: number; counts: number[] }[];
  totals: number[];
  total: number;
}

const number = (value: unknown): number => {
  const n = typeof value === "string" ? Number(value) : value;
  return typeof n === "number" && Number.isFinite(n) ? n : 0;
};

/** A moment of an answer, ms; not a number when it is none. */
export const textMoment = (value: unknown): number => (typeof value === "string" ? Date.parse(value) : NaN);

/** The first beginning of a stretch at or before a moment. */
const floorTo = (ms: number, step: number, origin: number): number => origin + Math.floor((ms - origin) / step) * step;

/** Rows of `histogramSql` as counts, with stretches in which nothing was. */
export function histogram(rows: readonly Row[], from: number, to: number, step: number, origin: number): Histogram {
  const counts = new Map<number, Map<number, number>>();
  let first = floorTo(from, step, origin);
  let last = floorTo(Math.max(to - 1, from), step, origin);
  for (const row of rows) {
    const at = floorTo(textMoment(row["bucket"]), step, origin);
    if (!Number.isFinite(at)) continue;
    first = Math.min(first, at);
    last = Math.max(last, at);
    const severity = number(row["severity_id"]);
    const of = counts.get(severity) ?? new Map<number, number>();
    of.set(at, (of.get(at) ?? 0) + number(row["n"]));
    counts.set(severity, of);
  }
  // A wrong answer must not make millions of bars.
  const size = Math.min(Math.floor((last - first) / step) + 1, 2_000);
  const at = Array.from({ length: size }, (_, i) => first + i * step);
  const series = [...counts.entries()]
    .sort(([a], [b]) => b - a)
    .map(([severity, of]) => ({ severity, counts: at.map((ms) => of.get(ms) ?? 0) }));
  const totals = at.map((_, i) => series.reduce((sum, s) => sum + (s.counts[i] ?? 0), 0));
  return { at, step, series, totals, total: totals.reduce((a, b) => a + b, 0) };
}

export interface Span {
  from: number;
  to: number;
  total: number;
}

/** The answer of `spanSql`; nothing when there are no rows. */
export function spanOf(table: Table): Span | null {
  const row = table.rows[0];
  const from = textMoment(row?.["first"]);
  const to = textMoment(row?.["last"]);
  return Number.isFinite(from) && Number.isFinite(to) ? { from, to: to + 1, total: number(row?.["n"]) } : null;
}

export interface Values {
  values: { value: unknown; n: number; share: number }[];
  /** Rows in all. */
  total: number;
  /** Different values in all. */
  different: number;
}

/** The answer of `valuesSql`. */
export function valuesOf(table: Table): Values {
  const total = number(table.rows[0]?.["total"]);
  return {
    values: table.rows.map((row) => ({
      value: row["value"],
      n: number(row["n"]),
      share: total > 0 ? number(row["n"]) / total : 0,
    })),
    total,
    different: number(table.rows[0]?.["different"]),
  };
}
