/** Events as sentences. Text from outside goes in as text and is shown as text. */
import type { TimelineEvent } from "../api/queries";

/** OCSF class ids that the console knows by name. */
export const CLASS = {
  finding: 2004,
  authentication: 3002,
  network: 4001,
  records: 6001,
  call: 99904001,
  recording: 99904002,
  consent: 99904003,
  agent: 99904004,
  signalling: 99904005,
} as const;

export type Lane = "call" | "signalling" | "records" | "recording" | "agent" | "alerts" | "machine";

/** Which row of the time axis an event stands on. */
export function laneOf(event: Pick<TimelineEvent, "class_uid">): Lane {
  switch (event.class_uid) {
    case CLASS.finding:
      return "alerts";
    case CLASS.call:
      return "call";
    case CLASS.signalling:
      return "signalling";
    case CLASS.records:
      return "records";
    case CLASS.recording:
    case CLASS.consent:
      return "recording";
    case CLASS.agent:
      return "agent";
    default:
      return "machine";
  }
}

export const LANES: Record<Lane, string> = {
  alerts: "Alerts",
  call: "Call",
  signalling: "Signalling",
  recording: "Recording and consent",
  records: "Record look-ups",
  agent: "Agent",
  machine: "Systems",
};

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value !== "" ? value : typeof value === "number" ? String(value) : undefined;

/** A value deep inside the OCSF attributes. */
export function attribute(event: TimelineEvent, path: string): string | undefined {
  let at: unknown = event.ocsf;
  for (const part of path.split(".")) {
    if (Array.isArray(at)) at = at[0];
    if (typeof at !== "object" || at === null) return undefined;
    at = (at as Record<string, unknown>)[part];
  }
  return text(at);
}

const STATES: Record<string, string> = {
  on_call: "on a call",
  wrap_up: "in wrap-up",
  available: "available",
  away: "away",
  break: "on a break",
};

/** What happened, in one line. */
export function say(event: TimelineEvent): string {
  const who = event.agent ? `Agent ${event.agent}` : (event.user_name ?? "Somebody");
  const what = event.activity_name;
  switch (event.class_uid) {
    case CLASS.finding:
      return event.message ?? "A rule found something";
    case CLASS.call:
      return sayCall(event, who);
    case CLASS.signalling: {
      const status = attribute(event, "sip.status_code");
      const reason = attribute(event, "sip.reason") ?? "";
      const method = attribute(event, "sip.method") ?? attribute(event, "sip.cseq_method") ?? "SIP";
      const peers = event.src_ip && event.dst_ip ? `, ${event.src_ip} → ${event.dst_ip}` : "";
      return status ? `${status} ${reason} to ${method}${peers}` : `${method}${peers}`;
    }
    case CLASS.records: {
      const record = event.customer ? `the record of ${event.customer}` : "customer records";
      if (what === "Search") return `${who} searched customer records`;
      if (what === "Export") return `${who} exported customer records`;
      if (what === "Update") return `${who} changed ${record}`;
      return `${who} opened ${record}`;
    }
    case CLASS.recording:
      return `Recording: ${what.toLowerCase()}`;
    case CLASS.consent:
      return `Consent to recording: ${what.toLowerCase()}`;
    case CLASS.agent: {
      const state = attribute(event, "agent.state");
      if (what === "Sign In") return `${who} signed in`;
      if (what === "Sign Out") return `${who} signed out`;
      return state ? `${who} is ${STATES[state] ?? state.replaceAll("_", " ")}` : `${who}: ${what.toLowerCase()}`;
    }
    case CLASS.authentication: {
      const user = event.user_name ?? event.agent ?? "somebody";
      const from = event.src_ip ? ` from ${event.src_ip}` : "";
      return `${event.status === "Failure" ? "Failed log-in" : what} of ${user}${from}`;
    }
    default:
      return event.message ?? `${event.class_name}: ${what}`;
  }
}

function sayCall(event: TimelineEvent, who: string): string {
  switch (event.activity_name) {
    case "Offered":
      return event.caller ? `Call from ${event.caller} rings at ${event.agent ?? "the queue"}` : "A call rings";
    case "Answered":
      return `${who} answered`;
    case "Held":
      return `${who} put the call on hold`;
    case "Resumed":
      return `${who} took the call from hold`;
    case "Transferred": {
      const to = attribute(event, "transfer.to_agent.uid") ?? attribute(event, "transfer_to.uid");
      return to ? `${who} transferred the call to ${to}` : `${who} transferred the call`;
    }
    case "Customer Identified":
      return event.customer ? `The caller was identified as ${event.customer}` : "The caller was identified";
    case "Ended":
      return "The call ended";
    default:
      return event.message ?? `Call: ${event.activity_name.toLowerCase()}`;
  }
}

/** Facts that the call join said, as short words for a person. */
export function sayFacts(event: TimelineEvent): string | undefined {
  const facts = event.facts;
  if (!facts || event.class_uid !== CLASS.records) return undefined;
  const minutes = facts["call.minutes_since"];
  const ago =
    typeof minutes === "number"
      ? `${minutes < 1 ? "less than a minute" : `${Math.round(minutes)} min`} after a call`
      : undefined;
  switch (facts["call.state"]) {
    case "live":
      return facts["call.same_customer"] === false
        ? "on a call, with another customer"
        : "on a call with this customer";
    case "wrap_up":
      return facts["call.same_customer"] === false
        ? `${ago ?? "after a call"} with another customer`
        : (ago ?? "after the call");
    case "none":
      return "no call";
    default:
      return "calls could not be seen then";
  }
}
