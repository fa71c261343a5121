/** Counts of the last hours in one question. */
import type { Table } from "../../api/queries";
import { CLASS } from "../../lib/say";
import { moment } from "../../lib/sql";
import type { Series } from "../../ui/Trend";

export const STEP_MS = 5 * 60_000;
export const SPAN_MS = 6 * 3_600_000;

export function trendSql(until: number): string {
  const when = (condition: string) => `count(*) FILTER (WHERE ${condition})`;
  return (
    `SELECT CAST(time AS BIGINT) / ${STEP_MS} * ${STEP_MS} AS at, ` +
    `${when("class_uid NOT IN (0, 2004)")} AS events, ` +
    `${when(`class_uid = ${CLASS.call} AND activity_name = 'Answered'`)} AS calls, ` +
    `${when(`class_uid = ${CLASS.records}`)} AS lookups, ` +
    `${when(`class_uid = ${CLASS.finding}`)} AS findings ` +
    `FROM events WHERE time >= ${moment(until - SPAN_MS)} AND time <= ${moment(until + 60_000)} GROUP BY 1 ORDER BY 1`
  );
}

/** One column as a series without holes: an interval without a row is one with nothing in it. */
export function buckets(table: Table, column: string, until: number): Series {
  const counts = new Map(table.rows.map((row) => [Number(row["at"]), Number(row[column] ?? 0)]));
  const first = Math.ceil((until - SPAN_MS) / STEP_MS) * STEP_MS;
  const at: number[] = [];
  for (let ms = first; ms <= until; ms += STEP_MS) at.push(ms);
  return { at, counts: at.map((ms) => counts.get(ms) ?? 0) };
}
