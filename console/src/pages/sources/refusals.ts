/** Refused records of one cause as one: a sender that errs does so a thousand times. */
import type { Refused } from "./fault";

export interface Refusal {
  key: string;
  /** Newest first. */
  items: Refused[];
}

/** By source, code and reason; numbers in a reason do not make it another. */
export function grouped(items: Refused[]): Refusal[] {
  const groups = new Map<string, Refused[]>();
  for (const item of items) {
    const key = [item.program, item.source, item.code, item.reason.replace(/\d+/g, "#")].join("\n");
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups].map(([key, all]) => ({ key, items: all }));
}
