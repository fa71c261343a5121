/** Counts over time from SQL: the question, and its answer with the empty intervals filled in. */
import type { Row } from "../api/queries";
import { moment } from "./sql";

/** Counts rows of `events` in intervals of `stepMs`; `where` is SQL that the caller has quoted. */
export const binsSql = (
  column: "time" | "received_time",
  where: string,
  from: number,
  to: number,
  stepMs: number,
): string =>
  `SELECT date_bin(INTERVAL '${stepMs / 1_000} seconds', ${column}) AS at, count(*) AS n FROM events ` +
  `WHERE ${column} >= ${moment(from)} AND ${column} < ${moment(to)} AND ${where} GROUP BY 1 ORDER BY 1`;

/** Every interval from `from` to `to`, with zero where nothing was. */
export function bins(rows: Row[], from: number, to: number, stepMs: number): { at: number[]; counts: number[] } {
  const found = new Map(rows.map((row) => [Date.parse(String(row["at"])), Number(row["n"])]));
  const at: number[] = [];
  for (let ms = Math.floor(from / stepMs) * stepMs; ms < to; ms += stepMs) at.push(ms);
  return { at, counts: at.map((ms) => found.get(ms) ?? 0) };
}
