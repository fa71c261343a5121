/** Why a rule fired, in words. What stands in fields is anybody's text and goes through as text. */
import { label } from "../../lib/format";

export interface Test {
  /** `is`, `starts with`, `matches the pattern`. */
  verb: string;
  /** What the rule wants to see; empty when the verb says all. */
  text: string;
  /** Whether it only repeats the value. */
  plain: boolean;
}

export interface MatchedField {
  field: string;
  label: string;
  value: string;
  /** The value in words, where it is one of ours. */
  says: string | undefined;
  test: Test;
}

export type Why =
  | { kind: "matched"; fields: MatchedField[] }
  | {
      kind: "counted";
      count: number;
      /** From how many on it fires; 0 where it is no matter of counting. */
      threshold: number;
      group: { field: string; label: string; value: string }[];
      from_ms: number;
      to_ms: number;
    }
  | { kind: "unknown" };

const FIELDS: Record<string, string> = {
  activity_name: "What was done",
  status_id: "Outcome",
  "call.state": "The agent's call then",
  "call.settled": "Calls of that time",
  "call.same_customer": "Customer on the line",
  "call.role": "The person's role",
  "call.consent": "Consent to recording",
  "call.recording": "Recording",
  "call.minutes_since": "Minutes since the agent's call",
  "call.customer_minutes_since": "Minutes since the customer's call",
  "call.attestation": "Attestation of the number",
  "call.encrypted": "Encryption of the call",
  "call.agent_state": "The agent's state",
  "call.trusted": "Who says so",
  "call.reason": "Why calls are unknown",
  "sip.method": "SIP method",
  "sip.status_code": "SIP answer",
  "sip.request_user": "Called number",
  "sip.auth_user": "SIP user",
  "sip.user_agent": "SIP software",
  "sip.marks": "Marks of a tool",
  "rf.src_ip": "Address",
  "rf.dst_ip": "Called address",
  "rf.caller": "Calling number",
  "rf.user": "User",
};

const VALUES: Record<string, Record<string, string>> = {
  "call.state": {
    none: "no call",
    live: "on a call",
    wrap_up: "just after a call",
    unknown: "calls could not be seen",
  },
  "call.settled": { true: "all known", false: "not all known yet" },
  "call.same_customer": { true: "the one whose record it is", false: "another one" },
  "call.role": { agent: "telephone agent", supervisor: "supervisor", quality: "quality reviewer" },
  "call.consent": {
    unknown: "nothing is known of it",
    announced: "announced",
    given: "given",
    refused: "refused",
    withdrawn: "withdrawn",
  },
  "call.recording": { unknown: "not known", on: "on", paused: "paused", off: "off" },
  "call.encrypted": { true: "encrypted", false: "not encrypted" },
  "call.trusted": { true: "a source that is trusted with it", false: "a source that is not trusted with it" },
  status_id: { "1": "success", "2": "failure" },
};

/** What a field means to a person. */
export function fieldLabel(field: string): string {
  if (Object.hasOwn(FIELDS, field)) return FIELDS[field] ?? field;
  return label(field.replace(/^rf\./, "").replaceAll(".", " "));
}

const valueSays = (field: string, value: string): string | undefined => {
  const says = Object.hasOwn(VALUES, field) ? VALUES[field] : undefined;
  return says && Object.hasOwn(says, value) ? says[value] : undefined;
};

/** ``is `none` `` and `matches /x/`, taken apart. */
export function readTest(test: string, value: string): Test {
  const pattern = /^matches \/(.*)\/$/s.exec(test);
  if (pattern) return { verb: "matches the pattern", text: pattern[1] ?? "", plain: false };
  const quoted = /^([^`]*)`(.*)`([^`]*)$/s.exec(test);
  if (!quoted) {
    const number = /^is (-?[\d.]+)$/.exec(test);
    return { verb: test, text: "", plain: number?.[1] === value };
  }
  const [, verb = "", text = "", more = ""] = quoted;
  const same = verb.trim() === "is" && text.toLowerCase() === value.toLowerCase();
  return { verb: `${verb.trim()}${more}`, text, plain: same };
}

const object = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

const words = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "nothing" : JSON.stringify(value);

const number = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

/** A finding's `reason`. */
export function readReason(reason: unknown): Why {
  const from = object(reason);
  if (!from) return { kind: "unknown" };
  if (Array.isArray(from["matched"])) {
    const fields = from["matched"].flatMap((raw): MatchedField[] => {
      const one = object(raw);
      if (!one || typeof one["field"] !== "string") return [];
      const value = words(one["value"]);
      return [
        {
          field: one["field"],
          label: fieldLabel(one["field"]),
          value,
          says: valueSays(one["field"], value),
          test: readTest(words(one["test"]), value),
        },
      ];
    });
    return fields.length > 0 ? { kind: "matched", fields } : { kind: "unknown" };
  }
  if (typeof from["count"] !== "number") return { kind: "unknown" };
  return {
    kind: "counted",
    count: from["count"],
    threshold: number(from["threshold"]),
    group: Object.entries(object(from["group"]) ?? {}).map(([field, value]) => ({
      field,
      label: fieldLabel(field),
      value: words(value),
    })),
    from_ms: number(from["first_time"]),
    to_ms: number(from["last_time"]),
  };
}

/** `for the agent A4053 and the device d1`. */
export const sayGroup = (group: readonly { label: string; value: string }[]): string =>
  group.map(({ label: name, value }) => `${name.toLowerCase()} ${value}`).join(" and ");

/** How the count stands to the threshold. */
export function sayThreshold(count: number, threshold: number): string {
  if (threshold <= 0) return "All parts of the rule happened together.";
  if (threshold === 1) return "One is enough.";
  if (count === threshold) return `The rule fires from ${threshold} on: it had just got there.`;
  const times = count / threshold;
  const over = times >= 2 ? ` This is ${Math.floor(times)} times as many.` : "";
  return `The rule fires from ${threshold} on.${over}`;
}
