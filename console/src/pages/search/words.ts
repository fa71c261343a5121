/** What is searched for, in words. */
import { dayTime } from "../../lib/time";
import { visible } from "../../lib/visible";
import { wrongWith } from "./build";
import { type Filter, type Last, type Op, type Range, needsNoValue } from "./state";

export const OP_WORDS: Record<Op, string> = {
  is: "is",
  not: "is not",
  has: "contains",
  hasnot: "does not contain",
  starts: "starts with",
  empty: "is empty",
  filled: "is not empty",
  gt: ">",
  lt: "<",
};

export const LAST_WORDS: Record<Last, string> = {
  "15m": "Last 15 min",
  "1h": "Last hour",
  "6h": "Last 6 hours",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
  all: "All time",
};

export function rangeWords(range: Range): string {
  if ("last" in range) return LAST_WORDS[range.last];
  const { from, to } = range;
  if (from === undefined) return to === undefined ? LAST_WORDS.all : `Until ${dayTime(to)}`;
  return to === undefined ? `Since ${dayTime(from)}` : `${dayTime(from)} to ${dayTime(to)}`;
}

/** `agent is A4040 or A4041`. */
export function filterWords(filter: Filter): string {
  const { field, op, values } = filter;
  if (needsNoValue(op)) return `${field} ${OP_WORDS[op]}`;
  const joined = values
    .map((value) => (value === "" ? "(empty)" : visible(value)))
    .join(op === "not" || op === "hasnot" ? ", " : " or ");
  return `${field} ${OP_WORDS[op]} ${joined}${wrongWith(filter) === undefined ? "" : " (not asked)"}`;
}

/** A moment as the browser's own picker writes it: local, to the second. */
export function localInput(ms: number | undefined): string {
  if (ms === undefined) return "";
  const at = new Date(ms);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** The moment that the browser's own picker holds. */
export function fromLocalInput(text: string): number | undefined {
  const ms = new Date(text).getTime();
  return text !== "" && Number.isFinite(ms) ? ms : undefined;
}
