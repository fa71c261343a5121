/** What became of alerts like this one. */
import type { Alert } from "../../api/queries";
import { verdictWord } from "../../ui/AlertStatus";

/** `4 false positive, 1 true positive`, the commonest first; nothing when none was judged. */
export function tally(alerts: readonly Pick<Alert, "verdict">[]): { judged: number; says: string } {
  const counts = new Map<string, number>();
  for (const { verdict } of alerts) if (verdict) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const parts = [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([verdict, n]) => `${n} ${verdictWord(verdict).toLowerCase()}`);
  return { judged: [...counts.values()].reduce((a, b) => a + b, 0), says: parts.join(", ") };
}

/** The others, those that were judged first, then the latest. */
export function others(alerts: readonly Alert[], id: string, most: number): Alert[] {
  return alerts
    .filter((alert) => alert.id !== id)
    .sort((a, b) => Number(b.verdict !== null) - Number(a.verdict !== null) || b.last_time_ms - a.last_time_ms)
    .slice(0, most);
}
