/** What the agents of a call and their devices did around it, beside the call's own events. */
import type { TimelineEvent } from "../../api/queries";
import type { Story } from "./story";

/** So long before and after the call. */
export const AROUND_MS = 120_000;

/** More than these are not asked for: a call that went through many hands stays quick. */
export const MOST_AGENTS = 6;
export const MOST_DEVICES = 6;

export interface Around {
  from: number;
  to: number;
}

/** The call from its first ring to its end, as far as it is known, and what is around it. */
export function spanAround(story: Story): Around {
  const from = story.started ?? story.span.from;
  const to = Math.max(story.ended ?? lastWord(story), from);
  return { from: from - AROUND_MS, to: to + AROUND_MS };
}

const lastWord = ({ bars, span }: Story): number => bars.at(-1)?.to ?? span.to;

/** Devices that these events name, most named first. */
export function devicesOf(events: TimelineEvent[]): string[] {
  const times = new Map<string, number>();
  for (const { device } of events) if (device) times.set(device, (times.get(device) ?? 0) + 1);
  return [...times]
    .sort((a, b) => b[1] - a[1])
    .slice(0, MOST_DEVICES)
    .map(([device]) => device);
}

/**
 * Own events of the call as they are known best. What the call join said at first it may have
 * corrected later, and then the event belongs to another call: its agent's side tells.
 */
export function corrected(own: TimelineEvent[], around: TimelineEvent[][]): TimelineEvent[] {
  const unsettled = own.filter((e) => e.facts?.["call.settled"] === false);
  if (unsettled.length === 0) return own;
  const calls = new Set(own.map((e) => e.call_uid));
  const ids = new Set(unsettled.map((e) => e.event_id));
  const better = new Map<string, TimelineEvent>();
  for (const events of around) {
    for (const event of events) {
      if (ids.has(event.event_id) && event.facts?.["call.settled"] === true) better.set(event.event_id, event);
    }
  }
  if (better.size === 0) return own;
  return own.map((e) => better.get(e.event_id) ?? e).filter((e) => !e.call_uid || calls.has(e.call_uid));
}

/**
 * The call's own events with those around it, each once, in the order of time. What belongs to
 * another call is left out: that is another story.
 */
export function mergeAround(own: TimelineEvent[], around: TimelineEvent[][], { from, to }: Around): TimelineEvent[] {
  const calls = new Set(own.map((e) => e.call_uid));
  const all = new Map(own.map((e) => [e.event_id, e]));
  for (const events of around) {
    for (const event of events) {
      if ((event.call_uid && !calls.has(event.call_uid)) || event.time_ms < from || event.time_ms > to) continue;
      if (!all.has(event.event_id)) all.set(event.event_id, event);
    }
  }
  return [...all.values()].sort((a, b) => a.time_ms - b.time_ms);
}
