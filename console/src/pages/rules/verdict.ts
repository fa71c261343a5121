/** What a test of a rule said, in words. */
import type { Schemas } from "../../api/client";
import { count, plural } from "../../lib/format";
import { lasting } from "../../lib/time";
import { type Mistake, mistakeOf } from "./model";

export type Result = Schemas["RuleTestResult"];
export type Hit = Schemas["RuleTestHit"];

/** `3 hits in 116,855 events, 0.4 s`. */
export function sayResult(result: Result): string {
  const hits = result.hit_count === 0 ? "No hit" : plural(result.hit_count, "hit");
  const took =
    result.took_ms < 1 ? "less than 1 ms" : result.took_ms < 1_000 ? `${result.took_ms} ms` : lasting(result.took_ms);
  return `${hits} in ${plural(result.events, "event")}, ${took}`;
}

/** Why a finding was made: fields that matched, or what was counted. */
export interface Why {
  field: string;
  value: string;
  test: string;
}

/** All reasons in one line. */
export const sayWhy = (why: Why[]): string =>
  why.map(({ field, value, test }) => (test.startsWith("is ") ? `${field} ${test}` : `${field} ${value}`)).join(", ");

const text = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value);

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

export function whyOf(reason: unknown): Why[] {
  const said = record(reason);
  if (Array.isArray(said["matched"])) {
    return said["matched"].map((one) => {
      const match = record(one);
      return { field: text(match["field"]), value: text(match["value"]), test: text(match["test"]) };
    });
  }
  const out: Why[] = [];
  if (typeof said["count"] === "number") {
    const limit = said["threshold"];
    out.push({
      field: "count",
      value: count(said["count"]),
      test: typeof limit === "number" ? `limit is ${count(limit)}` : "",
    });
  }
  for (const [field, value] of Object.entries(record(said["group"]))) {
    out.push({ field, value: text(value), test: "same for all" });
  }
  const [first, last] = [said["first_time"], said["last_time"]];
  if (typeof first === "number" && typeof last === "number") {
    out.push({ field: "within", value: lasting(Math.max(0, last - first)), test: "from the first to the last" });
  }
  return out;
}

/** Mistakes of the rule, and what was wrong with pasted records, which come in the same list. */
export function mistakesOf(result: Result): { rule: Mistake[]; records: Mistake[] } {
  const all = result.mistakes.map(mistakeOf);
  return { rule: all.filter((m) => m.file !== "records"), records: all.filter((m) => m.file === "records") };
}

/** Lines of a text that have something wrong, with what. Mistakes without a line stand on none. */
export function mistakesByLine(mistakes: Mistake[]): Map<number, string[]> {
  const lines = new Map<number, string[]>();
  for (const { line, message } of mistakes) {
    if (line === undefined) continue;
    lines.set(line, [...(lines.get(line) ?? []), message]);
  }
  return lines;
}

/** Where a line of a text begins and ends, for the caret. */
export function lineSpan(text: string, line: number): [number, number] {
  const lines = text.split("\n");
  const at = Math.min(Math.max(line, 1), lines.length) - 1;
  const from = lines.slice(0, at).reduce((sum, one) => sum + one.length + 1, 0);
  return [from, from + (lines[at]?.length ?? 0)];
}
