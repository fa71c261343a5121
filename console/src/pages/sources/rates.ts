/** How fast sources send: from differences between two answers of the server, never from averages since the start. */
import { useState } from "react";
import { keyOf, type Status } from "./model";

export interface Sample {
  /** When the answer arrived, ms of this machine. */
  at: number;
  /** Which run of the server it is about: a new one counts from zero. */
  started: number;
  accepted: ReadonlyMap<string, number>;
}

/** A rate is taken over so long at most: "now" to a person, and steady enough to read. */
const WINDOW_MS = 30_000;

export function sampleOf(status: Status, at: number): Sample {
  return {
    at,
    started: status.started_ms,
    accepted: new Map(status.sources.map((s) => [keyOf(s.program, s.source), s.count.accepted])),
  };
}

/** The samples that a rate is taken from, with one more. */
export function withSample(samples: Sample[], next: Sample): Sample[] {
  return [...samples.filter((s) => s.started === next.started && s.at < next.at && next.at - s.at <= WINDOW_MS), next];
}

/** Events a second; absent before there are two answers to compare. */
export function rateOf(samples: Sample[], key: string): number | undefined {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.at <= first.at) return undefined;
  const more = (last.accepted.get(key) ?? 0) - (first.accepted.get(key) ?? 0);
  return more < 0 ? undefined : (more * 1_000) / (last.at - first.at);
}

const fine = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });

/** `12.3/s`, `4/min` where that reads better, `0/s`. */
export function sayRate(perSecond: number | undefined): string {
  if (perSecond === undefined) return "measuring";
  if (perSecond === 0) return "0/s";
  if (perSecond < 1) return `${fine.format(perSecond * 60)}/min`;
  return `${(perSecond < 10 ? fine : whole).format(perSecond)}/s`;
}

/** Rates by source, kept up to date with each answer of the server. */
export function useRates(status: Status | undefined, at: number): (key: string) => number | undefined {
  const [samples, setSamples] = useState<Sample[]>([]);
  // Set while rendering, as React wants it for state that follows from what is given.
  if (status && at > (samples.at(-1)?.at ?? 0)) setSamples(withSample(samples, sampleOf(status, at)));
  return (key) => rateOf(samples, key);
}
