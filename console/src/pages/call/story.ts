/** The story of one call, told from its events: who took part, when, how it ended. */
import type { TimelineEvent } from "../../api/queries";
import { CLASS, attribute } from "../../lib/say";
import { type Consent, type Recording, againstConsent, callFact, consentOf, recordingOf } from "./recording";
import { type Signalling, signallingOf } from "./signalling";
import { type Part, Teller, least, numberAt } from "./teller";

export type { Part };

export type Direction = "inbound" | "outbound" | "internal";

export type BarKind = "ring" | "transfer" | "talk" | "hold" | "wrap_up";

/** A stretch of time in an agent's part; without an agent it waits in a queue. */
export interface Bar {
  agent?: string;
  kind: BarKind;
  from: number;
  to: number;
}

export type OutcomeKind =
  | "going_on"
  | "answered"
  | "abandoned"
  | "no_answer"
  | "busy"
  | "failed"
  /** Its end was not seen. */
  | "unknown"
  /** Messages that share a Call-ID, and never asked for a call. */
  | "no_call";

export interface Outcome {
  kind: OutcomeKind;
  /** `403 Forbidden`, or what the source said. */
  detail?: string;
  /** Who hung up, in words. */
  by?: string;
}

export interface Story {
  direction?: Direction;
  /** The number outside. */
  number?: string;
  customers: { uid: string; name?: string; at: number }[];
  parts: Part[];
  queue?: string;
  program?: string;
  site?: string;
  started?: number;
  answered?: number;
  ended?: number;
  outcome: Outcome;
  bars: Bar[];
  recording: Recording;
  consent: Consent;
  /** When it was recorded although consent was refused or withdrawn. */
  against: { from: number; to: number }[];
  signalling: Signalling;
  /** From the first to the last event that was given. */
  span: { from: number; to: number };
}

export interface Telling {
  /** The call goes on: open stretches reach to this moment. */
  liveAt?: number;
}

/** `events` are all of one call; look-ups, findings and what its agents did around it may be among them. */
export function storyOf(events: TimelineEvent[], { liveAt }: Telling = {}): Story {
  const sorted = events.toSorted((a, b) => a.time_ms - b.time_ms);
  const first = sorted[0];
  const last = sorted.at(-1);
  const span = { from: first?.time_ms ?? 0, to: Math.max(last?.time_ms ?? 0, liveAt ?? 0) };
  const teller = new Teller();
  for (const event of sorted) if (event.class_uid === CLASS.call) teller.call(event);
  const messages = sorted.filter((e) => e.class_uid === CLASS.signalling);
  const signalling = signallingOf(messages);
  if (teller.parts.length === 0) teller.signalled(messages);
  const { parts, customers } = teller;

  const started = least(teller.started, signalling.invited);
  const answered = least(...parts.map((p) => p.answered), teller.answered);
  const ended = teller.ended ?? signalling.ended;
  const live = liveAt !== undefined && ended === undefined;
  const close = ended ?? (live ? liveAt : lastOfCall(sorted)) ?? span.to;
  const direction = directionOf(sorted);
  const number = numberOf(sorted);
  const customer = callFact(sorted, "call.customer");
  if (customers.length === 0 && typeof customer === "string" && customer !== "") {
    customers.push({ uid: customer, at: started ?? span.from });
  }
  const recording = recordingOf(sorted, close);
  const consent = consentOf(sorted);
  const story: Story = {
    customers,
    parts,
    outcome: { kind: "unknown" },
    bars: [],
    recording,
    consent,
    against: againstConsent(recording, consent, close),
    signalling,
    span,
    ...(direction && { direction }),
    ...(number !== undefined && { number }),
    ...(teller.queue !== undefined && { queue: teller.queue }),
    ...(first && { program: first.program }),
    ...(first?.site && { site: first.site }),
    ...(started !== undefined && { started }),
    ...(answered !== undefined && { answered }),
    ...(ended !== undefined && { ended }),
  };
  story.bars = barsOf(story, sorted, close);
  story.outcome = outcomeOf(story, teller, live);
  return story;
}

/** The last event of the call itself; what came around it does not make it longer. */
function lastOfCall(events: TimelineEvent[]): number | undefined {
  const own: number[] = [CLASS.call, CLASS.signalling, CLASS.recording, CLASS.consent];
  return events.findLast((e) => own.includes(e.class_uid))?.time_ms;
}

function directionOf(events: TimelineEvent[]): Direction | undefined {
  const known = (word: unknown): word is Direction => word === "inbound" || word === "outbound" || word === "internal";
  for (const event of events) {
    const said = attribute(event, "direction")?.toLowerCase();
    if (known(said)) return said;
    const id = numberAt(event, "direction_id");
    const byId = id === undefined ? undefined : (["", "inbound", "outbound", "internal"] as const)[id];
    if (byId) return byId;
  }
  for (const event of events) {
    const said = event.facts?.["call.direction"];
    if (known(said)) return said;
  }
  return undefined;
}

function numberOf(events: TimelineEvent[]): string | undefined {
  const from = (classUid: number) => events.find((e) => e.class_uid === classUid && e.caller)?.caller ?? undefined;
  const said = events.map((e) => e.facts?.["call.caller"]).find((n) => typeof n === "string" && n !== "");
  return from(CLASS.call) ?? (typeof said === "string" ? said : undefined) ?? from(CLASS.signalling);
}

function barsOf(story: Story, events: TimelineEvent[], close: number): Bar[] {
  const bars: Bar[] = [];
  const add = (bar: Bar) => bar.to > bar.from && bars.push(bar);
  const firstRing = least(...story.parts.map((p) => p.rang ?? p.answered));
  if (story.started !== undefined) {
    add({ kind: "ring", from: story.started, to: firstRing ?? story.answered ?? close });
  }
  for (const part of story.parts) {
    const { agent } = part;
    const end = Math.max(part.left ?? close, part.answered ?? part.rang ?? 0);
    if (part.rang !== undefined) {
      const kind = part.from === undefined ? "ring" : "transfer";
      add({ agent, kind, from: part.rang, to: Math.min(part.answered ?? end, end) });
    }
    let at = part.answered ?? part.holds[0]?.from;
    if (at === undefined) continue;
    for (const hold of part.holds) {
      add({ agent, kind: "talk", from: at, to: hold.from });
      at = Math.min(hold.to ?? end, end);
      add({ agent, kind: "hold", from: hold.from, to: at });
    }
    add({ agent, kind: "talk", from: at, to: end });
    if (part.left !== undefined || story.ended !== undefined) {
      const wrap = wrapUpOf(agent, end, events, story.span.to);
      if (wrap) add(wrap);
    }
  }
  return bars;
}

/** How far from the end of a part its wrap-up may begin. */
const WRAP_UP_SOON = 60_000;

function wrapUpOf(agent: string, end: number, events: TimelineEvent[], until: number): Bar | undefined {
  const states = events.filter((e) => e.class_uid === CLASS.agent && e.agent === agent && e.time_ms >= end - 2_000);
  const begin = states.findIndex((e) => attribute(e, "agent.state") === "wrap_up");
  const from = states[begin];
  if (!from || from.time_ms > end + WRAP_UP_SOON) return undefined;
  const next = states.slice(begin + 1).find((e) => attribute(e, "agent.state") !== "wrap_up");
  return { agent, kind: "wrap_up", from: Math.max(from.time_ms, end), to: next?.time_ms ?? until };
}

function outcomeOf(story: Story, teller: Teller, live: boolean): Outcome {
  const { signalling } = story;
  const by = signalling.endedBy && whoIs(signalling.endedBy, story);
  const made = (kind: OutcomeKind, detail?: string): Outcome => ({
    kind,
    ...(detail !== undefined && { detail }),
    ...(by !== undefined && { by }),
  });
  if (live) return { kind: "going_on" };
  const said = teller.disposition?.toLowerCase().replaceAll(" ", "_");
  if (said === "abandoned" || said === "busy" || said === "no_answer") return made(said);
  if (said === "failed") return made("failed", signalling.failure);
  if (story.ended !== undefined && (story.answered !== undefined || said === "answered")) return made("answered");
  if (story.answered === undefined && signalling.answered === undefined) {
    if (signalling.failure !== undefined && !signalling.cancelled) {
      return made(/^486|^600/.test(signalling.failure) ? "busy" : "failed", signalling.failure);
    }
    if (story.ended !== undefined) return made(story.direction === "outbound" ? "no_answer" : "abandoned");
    if (signalling.messages > 0 && signalling.invited === undefined && story.parts.length === 0) return made("no_call");
  } else if (story.ended !== undefined) return made("answered");
  return made("unknown");
}

const digits = (text: string) => text.replaceAll(/\D/g, "");

/** Whose user part of an address that is. */
function whoIs(user: string, story: Story): string {
  const part = story.parts.find((p) => p.extension === user || p.agent === user);
  if (part) return `agent ${part.agent}`;
  const number = digits(story.number ?? "");
  const tail = digits(user).slice(-7);
  if (tail.length === 7 && number.endsWith(tail)) {
    return story.direction === "outbound" ? "the called party" : "the caller";
  }
  return user;
}
