/** Which stretch of time is looked at, as it stands in the address. */

export const LASTS = ["1h", "6h", "24h", "7d", "30d", "all"] as const;
export type Last = (typeof LASTS)[number];
export const DEFAULT_LAST: Last = "24h";

export const LAST_WORDS: Record<Last, string> = {
  "1h": "Last hour",
  "6h": "6 h",
  "24h": "24 h",
  "7d": "7 d",
  "30d": "30 d",
  all: "All",
};

const HOUR = 3_600_000;
const LENGTH: Record<Last, number | undefined> = {
  "1h": HOUR,
  "6h": 6 * HOUR,
  "24h": 24 * HOUR,
  "7d": 168 * HOUR,
  "30d": 720 * HOUR,
  all: undefined,
};

export interface RangeSearch {
  last?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export interface Range {
  /** The named range; nothing where moments are given. */
  last?: Last;
  from?: number;
  /** Open where it follows the present. */
  to?: number;
}

const momentOf = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

export const isLast = (text: string | undefined): text is Last => LASTS.some((l) => l === text);

/** Moments of the address win over a named range; what cannot be read is as if it were not there. */
export function rangeOf(search: RangeSearch, now: number): Range {
  const from = momentOf(search.from);
  const to = momentOf(search.to);
  if (from !== undefined || to !== undefined) {
    // Turned around by hand: both ends are meant.
    const [a, b] = from !== undefined && to !== undefined && from > to ? [to, from] : [from, to];
    return { ...(a !== undefined && { from: a }), ...(b !== undefined && { to: b }) };
  }
  const last = isLast(search.last) ? search.last : DEFAULT_LAST;
  const length = LENGTH[last];
  return { last, ...(length !== undefined && { from: now - length }) };
}

/** The stretch of the same length before or after; nothing where there is none. */
export function shifted(range: Range, direction: -1 | 1, now: number): RangeSearch | undefined {
  if (range.from === undefined || (direction === 1 && range.to === undefined)) return undefined;
  const to = range.to ?? now;
  const length = Math.max(to - range.from, 1_000);
  const from = range.from + direction * length;
  if (direction === 1 && from >= now) return undefined;
  return { from: String(from), to: String(from + length) };
}

/** A day that ends just after this moment: where something was seen last. */
export const dayUntil = (ms: number): RangeSearch => ({ from: String(ms - 24 * HOUR), to: String(ms + 60_000) });
