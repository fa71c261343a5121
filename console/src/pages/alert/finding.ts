/** Findings as the server keeps them. */
import { Problem } from "../../api/client";

export interface Finding {
  seq: number;
  uid: string;
  rule_id: string;
  severity_id: number;
  time_ms: number;
  message: string;
  reason: unknown;
  event_ids: string[];
}

const record = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** The contract leaves findings open; a finding without its number is none. */
export function readFinding(raw: unknown): Finding {
  const from = record(raw);
  const text = (key: string) => (typeof from[key] === "string" ? from[key] : "");
  const number = (key: string) => (typeof from[key] === "number" ? from[key] : 0);
  if (typeof from["seq"] !== "number")
    throw new Problem(0, "unreadable", "A finding cannot be read", "Reload the page.");
  const ids = Array.isArray(from["event_ids"]) ? from["event_ids"] : [];
  return {
    seq: from["seq"],
    uid: text("uid"),
    rule_id: text("rule_id"),
    severity_id: number("severity_id"),
    time_ms: number("time_ms"),
    message: text("message"),
    reason: from["reason"],
    event_ids: ids.filter((id) => typeof id === "string"),
  };
}

/** Which events carry the findings, and by which rules. */
export function evidenceOf(findings: readonly Finding[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const finding of findings) {
    for (const id of finding.event_ids) {
      const rules = found.get(id) ?? new Set();
      rules.add(finding.rule_id);
      found.set(id, rules);
    }
  }
  return found;
}
