/** Calls of the last while, one row each, from SQL. */
import type { Schemas } from "../../api/client";
import type { Row } from "../../api/queries";
import { moment, numberOf, quoted, textOf, textsOf, timeOf } from "../../lib/sql";
import type { OutcomeKind } from "./story";

export const LASTS = ["1h", "6h", "24h", "7d"] as const;
export type Last = (typeof LASTS)[number];
export const LAST_WORDS: Record<Last, string> = { "1h": "Last hour", "6h": "6 h", "24h": "24 h", "7d": "7 d" };
const LENGTH: Record<Last, number> = { "1h": 3_600_000, "6h": 21_600_000, "24h": 86_400_000, "7d": 604_800_000 };

export const lastOf = (text: string | undefined): Last => LASTS.find((l) => l === text) ?? "1h";

const NAMED = ["call_uid", "agent", "customer", "caller", "program", "site"] as const;

/** `now` in whole minutes keeps the question the same for a while. */
export function recentSql(last: Last, text: string, now: number): string {
  const since = moment(Math.floor(now / 60_000) * 60_000 - LENGTH[last]);
  const base = `class_uid = 99904001 AND call_uid IS NOT NULL AND time >= ${since}`;
  const wanted = text.trim().toLowerCase();
  const named = NAMED.map((column) => `strpos(lower(${column}), ${quoted(wanted)}) > 0`).join(" OR ");
  // One event that names it is enough; the others of that call belong to it all the same.
  const only = wanted === "" ? "" : `\n  AND call_uid IN (SELECT call_uid FROM events WHERE ${base} AND (${named}))`;
  return `SELECT call_uid, min(time) AS began, max(time) AS latest,
  min(time) FILTER (WHERE activity_id = 2) AS answered,
  min(time) FILTER (WHERE activity_id IN (5, 8)) AS ended,
  count(*) FILTER (WHERE activity_id = 8) AS records,
  count(*) FILTER (WHERE activity_id = 3) AS transfers,
  array_agg(DISTINCT agent) FILTER (WHERE agent IS NOT NULL) AS agents,
  max(customer) AS customer, max(caller) AS caller,
  max(ocsf_get(ocsf, 'direction')) AS direction, max(ocsf_get(ocsf, 'disposition')) AS disposition,
  max(ocsf_get(ocsf, 'duration')) AS duration, max(ocsf_get(ocsf, 'talk_time')) AS talk_time,
  max(program) AS program, max(site) AS site
FROM events WHERE ${base}${only}
GROUP BY call_uid ORDER BY began DESC`;
}

export interface RecentCall {
  uid: string;
  began: number;
  direction: string;
  number: string;
  customer: string;
  agents: string[];
  outcome: OutcomeKind;
  transferred: boolean;
  /** How long it was talked, ms, where that is known. */
  talked: number | undefined;
  place: string;
}

const millis = (cell: unknown): number | undefined => {
  const ms = typeof cell === "string" && /^\d+$/.test(cell) ? Number(cell) : numberOf(cell);
  return ms > 0 ? ms : undefined;
};

/** Quiet for so long, a call without a reported end is not called going on any more. */
const STALE = 3_600_000;

export function recentCall(row: Row, now: number): RecentCall {
  const latest = timeOf(row["latest"]) ?? 0;
  const answered = timeOf(row["answered"]);
  const ended = timeOf(row["ended"]);
  const direction = textOf(row["direction"]);
  const long = millis(row["duration"]);
  // A detail record comes at the end of the call that it tells of.
  const told = numberOf(row["records"]) > 0 && long !== undefined && ended !== null;
  const began = timeOf(row["began"]) ?? latest;
  return {
    uid: textOf(row["call_uid"]),
    began: told ? Math.min(began, ended - long) : began,
    direction,
    number: textOf(row["caller"]),
    customer: textOf(row["customer"]),
    agents: textsOf(row["agents"]),
    outcome: outcomeOf(row, direction, now),
    transferred: numberOf(row["transfers"]) > 0,
    talked: answered !== null && ended !== null ? Math.max(ended - answered, 0) : millis(row["talk_time"]),
    place: [textOf(row["program"]), textOf(row["site"])].filter((t) => t !== "").join(" / "),
  };
}

function outcomeOf(row: Row, direction: string, now: number): OutcomeKind {
  const disposition = textOf(row["disposition"]).toLowerCase();
  if (timeOf(row["ended"]) === null) return now - (timeOf(row["latest"]) ?? 0) < STALE ? "going_on" : "unknown";
  if (disposition === "abandoned" || disposition === "no_answer" || disposition === "busy") return disposition;
  if (disposition === "failed") return "failed";
  if (timeOf(row["answered"]) !== null || disposition === "answered") return "answered";
  return direction === "outbound" ? "no_answer" : "abandoned";
}

export type LiveCall = Schemas["LiveCall"];

/** Whether a call that goes on names what was typed. */
export function names(call: LiveCall, text: string): boolean {
  const wanted = text.trim().toLowerCase();
  return [call.call_uid, call.agent, call.customer, call.caller, call.program, call.site, call.state].some((t) =>
    (t ?? "").toLowerCase().includes(wanted),
  );
}

export type Quiet = "calm" | "never" | "silent";

/** So long without a sign of life, and the telephony is silent. */
export const SILENT_MS = 600_000;

/** What it means that no call goes on: `heard` is the last sign of life of any telephony. */
export function quiet(heard: number | null, now: number): Quiet {
  if (heard === null) return "never";
  return now - heard > SILENT_MS ? "silent" : "calm";
}

export const heardSql = (now: number): string =>
  `SELECT max(received_time) AS heard, max(time) AS latest FROM events
WHERE class_uid BETWEEN 99904001 AND 99904005 AND time >= ${moment(Math.floor(now / 3_600_000) * 3_600_000 - 30 * 86_400_000)}`;
