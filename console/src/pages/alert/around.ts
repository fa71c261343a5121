/** The events of an alert among what happened around them. */
import type { Alert, Row, TimelineEvent } from "../../api/queries";
import { moment, quoted } from "../../lib/sql";

const MINUTE = 60_000;
/** What is looked at before the first finding and after the last. */
const EDGE = 5 * MINUTE;
/** A story longer than this is first shown by its end. */
const LONG = 6 * 60 * MINUTE;

export type SpanChoice = "story" | "last";

/** What is shown unless somebody chose. */
export const usualSpan = (alert: Pick<Alert, "first_time_ms" | "last_time_ms">): SpanChoice =>
  alert.last_time_ms - alert.first_time_ms > LONG ? "last" : "story";

/** Whole minutes: an alert that grows by the second does not ask anew each time. */
export function spanOf(
  { first_time_ms, last_time_ms }: Pick<Alert, "first_time_ms" | "last_time_ms">,
  choice: SpanChoice,
): { from_ms: number; to_ms: number } {
  const from = choice === "last" ? Math.max(first_time_ms, last_time_ms - 2 * EDGE) : first_time_ms;
  return {
    from_ms: Math.floor((from - EDGE) / MINUTE) * MINUTE,
    to_ms: Math.ceil((last_time_ms + EDGE) / MINUTE) * MINUTE,
  };
}

/**
 * The question for events by their ids, for alerts about things that have no timeline of their own.
 * The span keeps the server from looking through all that it has.
 */
export const eventsSql = (ids: readonly string[], { from_ms, to_ms }: { from_ms: number; to_ms: number }): string =>
  "SELECT time, received_time, event_id, class_uid, class_name, activity_id, activity_name, severity_id, message, " +
  "status, program, site, source, call_uid, agent, customer, caller, device, src_ip, dst_ip, user_name, rule_id, " +
  "call_state, flags, enrichment, ocsf FROM events " +
  `WHERE time >= ${moment(from_ms)} AND time < ${moment(to_ms)} AND class_uid <> 0 ` +
  `AND event_id IN (${ids.map(quoted).join(", ")})`;

const object = (text: unknown): Record<string, unknown> | null => {
  if (typeof text !== "string" || text === "") return null;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
};

/** A row of that question as the timeline would give it. */
export function eventOf(row: Row): TimelineEvent {
  const text = (key: string) => (typeof row[key] === "string" ? row[key] : null);
  const number = (key: string) => (typeof row[key] === "number" ? row[key] : 0);
  const time = (key: string) => Date.parse(text(key) ?? "") || 0;
  return {
    event_id: text("event_id") ?? "",
    time_ms: time("time"),
    received_ms: time("received_time"),
    class_uid: number("class_uid"),
    class_name: text("class_name") ?? "",
    activity_id: number("activity_id"),
    activity_name: text("activity_name") ?? "",
    severity_id: number("severity_id"),
    message: text("message"),
    status: text("status"),
    program: text("program") ?? "",
    site: text("site"),
    source: text("source"),
    call_uid: text("call_uid"),
    agent: text("agent"),
    customer: text("customer"),
    caller: text("caller"),
    device: text("device"),
    src_ip: text("src_ip"),
    dst_ip: text("dst_ip"),
    user_name: text("user_name"),
    rule_id: text("rule_id"),
    call_state: text("call_state"),
    flags: (text("flags") ?? "").split(/[ ,]+/).filter(Boolean),
    facts: object(row["enrichment"]),
    ocsf: object(row["ocsf"]),
    findings: [],
  };
}

/** The same events; those that an alert is made of bear its rules and at least its severity. */
export function marked(
  events: readonly TimelineEvent[],
  evidence: ReadonlyMap<string, ReadonlySet<string>>,
  severity: (rule: string) => number,
): TimelineEvent[] {
  return events.map((event) => {
    const rules = evidence.get(event.event_id);
    if (!rules) return event;
    return {
      ...event,
      findings: [...new Set([...event.findings, ...rules])],
      severity_id: Math.max(event.severity_id, ...[...rules].map(severity)),
    };
  });
}
