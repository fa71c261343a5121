/** A list that does not jump under the reader's cursor. */
import { useState } from "react";

interface Versioned {
  id: string;
  updated_ms: number;
}

/** How many of the new rows are new or different from those shown. */
export function changes(shown: Versioned[], next: Versioned[]): number {
  const known = new Map(shown.map((row) => [row.id, row.updated_ms]));
  const fresh = next.filter((row) => known.get(row.id) !== row.updated_ms).length;
  const there = new Set(next.map((row) => row.id));
  return fresh + shown.filter((row) => !there.has(row.id)).length;
}

/** While `busy`, shows what was there before and says how much waits. */
export function useHeld<T extends Versioned>(
  items: T[],
  busy: boolean,
): { shown: T[]; waiting: number; take: () => void } {
  const [held, setHeld] = useState(items);
  if (!busy && held !== items) setHeld(items);
  const shown = busy ? held : items;
  return { shown, waiting: busy ? changes(held, items) : 0, take: () => setHeld(items) };
}
