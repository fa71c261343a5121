/** A span of time as a condition of SQL. */
import { timeOf } from "../../lib/sql";

export const DAY = 86_400_000;

export interface Span {
  /** Since when, ms. */
  from: number;
}

export const spanCondition = ({ from }: Span): string => `time >= ${timeOf(from)}`;
