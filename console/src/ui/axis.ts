/** Where things stand on the axis of time: ticks, lanes, and dots that would cover each other as one. */
import type { TimelineEvent } from "../api/queries";
import { LANES, type Lane, laneOf } from "../lib/say";

/** A stretch of time that is drawn as a bar in a lane, such as "on hold". */
export interface Stretch {
  lane: Lane;
  from: number;
  to: number;
  label: string;
  color: string;
  /** How it is drawn besides its colour, so that no colour stands alone. */
  pattern?: "solid" | "hatched" | "dotted";
  /** Stretches of one lane that go side by side: an agent. Dots of that agent stand on it, too. */
  track?: string;
}

export const LABEL = 148;
export const ROW = 30;
export const HEAD = 22;
/** Narrower than this the names of lanes stand above them. */
export const NARROW = 560;
/** Room for such a name. */
export const CAP = 16;
/** Points nearer than this become one. */
const NEAR = 9;

const STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800, 2592000,
];

export function ticksOf(from: number, to: number, width: number): number[] {
  const wanted = Math.max(2, Math.floor(width / 110));
  const step = (STEPS.find((s) => (to - from) / (s * 1000) <= wanted) ?? 31536000) * 1000;
  const first = Math.ceil(from / step) * step;
  const ticks = [];
  for (let at = first; at <= to; at += step) ticks.push(at);
  return ticks;
}

export interface Dot {
  x: number;
  y: number;
  lane: Lane;
  events: TimelineEvent[];
  flag: string | undefined;
  /** The lane has bars, which say more than a count would. */
  small: boolean;
}

export interface LaneRow {
  lane: Lane;
  /** Upper edge, below the name where that stands above. */
  top: number;
  tracks: string[];
  bars: boolean;
}

/** The lanes that have something in them, one below the other. */
export function rowsOf(
  events: TimelineEvent[],
  stretches: Stretch[],
  cap: number,
): { rows: LaneRow[]; height: number } {
  const tracks = new Map<Lane, Set<string>>();
  const barred = new Set(stretches.map((s) => s.lane));
  for (const event of events) if (!tracks.has(laneOf(event))) tracks.set(laneOf(event), new Set());
  for (const { lane, track } of stretches) {
    const known = tracks.get(lane) ?? new Set();
    if (track !== undefined) known.add(track);
    tracks.set(lane, known);
  }
  let top = HEAD;
  const rows: LaneRow[] = [];
  for (const lane of Object.keys(LANES) as Lane[]) {
    const there = tracks.get(lane);
    if (!there) continue;
    rows.push({ lane, top: top + cap, tracks: [...there], bars: barred.has(lane) });
    top += cap + Math.max(there.size, 1) * ROW;
  }
  return { rows, height: top + 4 };
}

export const trackAt = (row: LaneRow, track: string | null | undefined): number =>
  row.top + Math.max(track ? row.tracks.indexOf(track) : 0, 0) * ROW;

/** Dots nearer than `NEAR` on one line become one; what is flagged stays apart. `events` in the order of time. */
export function dotsOf(
  events: TimelineEvent[],
  rows: LaneRow[],
  [from, to]: readonly [number, number],
  [left, room]: readonly [number, number],
  flagOf?: (event: TimelineEvent) => string | undefined,
): Dot[] {
  const scale = room / Math.max(to - from, 1);
  const byLane = new Map(rows.map((row) => [row.lane, row]));
  const last = new Map<string, Dot>();
  const dots: Dot[] = [];
  for (const event of events) {
    if (event.time_ms < from || event.time_ms > to) continue;
    const x = left + (event.time_ms - from) * scale;
    const lane = laneOf(event);
    const row = byLane.get(lane);
    if (!row) continue;
    const y = trackAt(row, event.agent) + ROW / 2;
    const flag = flagOf?.(event);
    const key = `${lane} ${y} ${flag === undefined}`;
    const before = last.get(key);
    if (before && x - before.x < NEAR) before.events.push(event);
    else {
      const dot = { x, y, lane, events: [event], flag, small: row.bars };
      last.set(key, dot);
      dots.push(dot);
    }
  }
  return dots;
}

export function spanOf(events: TimelineEvent[], stretches: Stretch[]): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const event of events) {
    low = Math.min(low, event.time_ms);
    high = Math.max(high, event.time_ms);
  }
  for (const stretch of stretches) {
    low = Math.min(low, stretch.from);
    high = Math.max(high, stretch.to);
  }
  if (low > high) return [0, 1];
  const edge = Math.max((high - low) * 0.02, 500);
  return [low - edge, high + edge];
}
