/** Recording of a call, and what was said to it: stretches, steps, and whether they go together. */
import type { TimelineEvent } from "../../api/queries";
import { CLASS, attribute } from "../../lib/say";

export type RecordingState = "on" | "paused" | "off";

export interface Recording {
  /** On or paused; between them it was off, or nothing is known. */
  stretches: { state: "on" | "paused"; from: number; to: number }[];
  /** Ids of the recordings, to find them at the recorder. */
  uids: string[];
  /** The last state that was said, by the recorder or by the call join; nothing if nobody did. */
  last?: RecordingState;
}

export type ConsentWord = "announced" | "given" | "refused" | "withdrawn";

export interface ConsentStep {
  word: ConsentWord;
  at: number;
  event_id: string;
}

export interface Consent {
  steps: ConsentStep[];
  /** Where it stood last; also where only the call join said so. */
  last?: ConsentWord;
}

const RECORDING: Record<number, RecordingState> = { 1: "on", 2: "paused", 3: "on", 4: "off" };
const CONSENT: Record<number, ConsentWord> = { 1: "announced", 2: "given", 3: "refused", 4: "withdrawn" };

/** `close` is when the call ended, or the latest that is known of it: then no recording goes on. */
export function recordingOf(events: TimelineEvent[], close: number): Recording {
  const stretches: Recording["stretches"] = [];
  const uids = new Set<string>();
  let last: RecordingState | undefined;
  let since = 0;
  const shut = (to: number) => {
    if (last !== undefined && last !== "off" && to > since) stretches.push({ state: last, from: since, to });
  };
  for (const event of events) {
    if (event.class_uid !== CLASS.recording) continue;
    const uid = attribute(event, "recording.uid");
    if (uid !== undefined) uids.add(uid);
    const next = RECORDING[event.activity_id ?? 0];
    if (next === undefined || next === last) continue;
    shut(event.time_ms);
    last = next;
    since = event.time_ms;
  }
  shut(Math.max(close, since));
  last ??= wordOf(callFact(events, "call.recording"), ["on", "paused", "off"]);
  return { stretches, uids: [...uids], ...(last && { last }) };
}

export function consentOf(events: TimelineEvent[]): Consent {
  const steps: ConsentStep[] = [];
  for (const event of events) {
    const word = event.class_uid === CLASS.consent ? CONSENT[event.activity_id ?? 0] : undefined;
    if (word !== undefined) steps.push({ word, at: event.time_ms, event_id: event.event_id });
  }
  const last =
    steps.at(-1)?.word ?? wordOf(callFact(events, "call.consent"), ["announced", "given", "refused", "withdrawn"]);
  return { steps, ...(last && { last }) };
}

const OWN: number[] = [CLASS.call, CLASS.recording, CLASS.consent];

/**
 * What the call join said last about the call, from reports of the call itself: beside a message or
 * a look-up it speaks of the agent, who may be on another call as well.
 */
export function callFact(events: TimelineEvent[], name: string): unknown {
  for (const event of events.toReversed()) {
    const said = OWN.includes(event.class_uid) ? event.facts?.[name] : undefined;
    if (said !== undefined && said !== null && said !== "unknown") return said;
  }
  return undefined;
}

function wordOf<const T extends string>(said: unknown, words: readonly T[]): T | undefined {
  return words.find((w) => w === said);
}

/** A recorder needs a moment to hear of a refusal. */
const GRACE = 2_000;

/** When it was recorded although the customer had said no. */
export function againstConsent(recording: Recording, consent: Consent, close: number): { from: number; to: number }[] {
  const against: { from: number; to: number }[] = [];
  consent.steps.forEach((step, i) => {
    if (step.word !== "refused" && step.word !== "withdrawn") return;
    const until = consent.steps.slice(i + 1).find((s) => s.word === "given" || s.word === "refused")?.at ?? close;
    for (const stretch of recording.stretches) {
      const from = Math.max(stretch.from, step.at);
      const to = Math.min(stretch.to, until);
      const late = stretch.from >= step.at ? 0 : GRACE;
      if (stretch.state === "on" && to - from > late) against.push({ from, to });
    }
  });
  return against;
}
