/** What a stretch of an entity's events says in sum. */
import type { TimelineEvent } from "../../api/queries";
import { CLASS, attribute } from "../../lib/say";
import type { Stretch } from "../../ui/TimeAxis";

export interface Share {
  /** For programs. */
  key: string;
  label: string;
  n: number;
  /** Worth a second look. */
  marked?: boolean;
}

const LOOKUPS: Record<string, string> = {
  same: "On a call with that customer",
  live: "On a call, customer not identified",
  wrap_up: "Shortly after a call",
  other: "Another customer than on the call",
  none: "No call",
  unknown: "Calls could not be seen then",
};

/** An agent's look-ups of records, by what the agent did at the telephone meanwhile. */
export function lookupsOf(events: TimelineEvent[]): Share[] {
  const counts = new Map<string, number>();
  for (const event of events) {
    if (event.class_uid !== CLASS.records) continue;
    const said = event.facts?.["call.state"] ?? event.call_state;
    const same = event.facts?.["call.same_customer"];
    let key = typeof said === "string" && said in LOOKUPS ? said : "unknown";
    if ((key === "live" || key === "wrap_up") && same === false) key = "other";
    else if (key === "live" && same === true) key = "same";
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.entries(LOOKUPS).flatMap(([key, label]) => {
    const n = counts.get(key) ?? 0;
    return n === 0 ? [] : [{ key, label, n, ...(key === "none" || key === "other" ? { marked: true } : {}) }];
  });
}

const ATTESTED: Record<string, string> = {
  A: "A, vouched for",
  B: "B, number not vouched for",
  C: "C, origin unknown",
};

/** Calls of a number by who vouched for it; each call counts once. */
export function attestationsOf(events: TimelineEvent[]): Share[] {
  const calls = new Map<string, string>();
  for (const event of events) {
    if (!event.call_uid || (event.class_uid !== CLASS.call && event.class_uid !== CLASS.signalling)) continue;
    const fact = event.facts?.["call.attestation"];
    const said = attribute(event, "attestation") ?? (typeof fact === "string" ? fact : undefined);
    const before = calls.get(event.call_uid);
    if (said !== undefined) calls.set(event.call_uid, said.toUpperCase());
    else if (before === undefined) calls.set(event.call_uid, "");
  }
  const counts = new Map<string, number>();
  for (const said of calls.values()) counts.set(said, (counts.get(said) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a === "" ? 1 : b === "" ? -1 : a < b ? -1 : 1))
    .map(([said, n]) => ({
      key: said,
      label: said === "" ? "Not observed" : (ATTESTED[said] ?? `Not valid: ${said}`),
      n,
      ...(said !== "" && said !== "A" ? { marked: true } : {}),
    }));
}

const STATES: Record<string, { label: string; color: string; pattern?: Stretch["pattern"] }> = {
  on_call: { label: "on a call", color: "var(--mantine-color-ring-8)" },
  wrap_up: { label: "wrap-up", color: "var(--mantine-color-cyan-8)", pattern: "dotted" },
  available: { label: "available", color: "var(--mantine-color-gray-6)" },
  away: { label: "away", color: "var(--mantine-color-yellow-8)", pattern: "hatched" },
};

/** More bars than this say less than none: the dots alone are drawn. */
const MOST_BARS = 400;

/** How long a call may have gone on without a word before its bar is two. */
const CALL_GAP = 3_600_000;

/** Calls as bars, and what an agent was doing. `events` in the order of time. */
export function stretchesOf(events: TimelineEvent[], withStates: boolean): Stretch[] {
  const calls = new Map<string, { from: number; to: number }>();
  const bars: Stretch[] = [];
  let state: { name: string; from: number } | undefined;
  const shut = (to: number) => {
    const look = state && STATES[state.name];
    if (state && look && to > state.from) bars.push({ lane: "agent", from: state.from, to, ...look });
  };
  for (const event of events) {
    if (event.class_uid === CLASS.call && event.call_uid) {
      const known = calls.get(event.call_uid);
      if (known && event.time_ms - known.to < CALL_GAP) known.to = event.time_ms;
      else if (!known) calls.set(event.call_uid, { from: event.time_ms, to: event.time_ms });
    }
    if (withStates && event.class_uid === CLASS.agent) {
      const name = event.activity_id === 2 ? "offline" : attribute(event, "agent.state");
      if (name !== undefined && name !== state?.name) {
        shut(event.time_ms);
        state = { name, from: event.time_ms };
      }
    }
  }
  const last = events.at(-1);
  if (last) shut(last.time_ms);
  for (const { from, to } of calls.values()) {
    if (to > from) bars.push({ lane: "call", from, to, label: "call", color: "var(--mantine-color-ring-8)" });
  }
  return bars.length > MOST_BARS ? [] : bars;
}
