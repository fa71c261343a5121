/** What is not seen, in sentences: no data must never look like no alerts. */
import type { Schemas } from "../../api/client";
import { plural } from "../../lib/format";
import { relative } from "../../lib/time";

type Status = Schemas["Status"];

export interface Spot {
  text: string;
  /** Something is lost or missed now. */
  grave: boolean;
}

/** Nothing has ever been heard, or nothing for an hour. */
export function isBlind(status: Status): boolean {
  return status.sources.every((s) => s.count.last_heard_ms === null || s.count.last_heard_ms === 0);
}

/** Entries that a consumer may be behind without anybody having to know. */
const LAG = 50_000;

export function blindSpots(status: Status, now: number): Spot[] {
  const spots: Spot[] = [];
  for (const reason of status.readiness.reasons) spots.push({ text: `Not ready: ${reason}`, grave: true });
  for (const reason of status.readiness.degraded) spots.push({ text: reason, grave: true });
  for (const { source, standing, count: counts } of status.sources) {
    if (standing === "silent") {
      const since = counts.last_heard_ms ? `, last heard ${relative(counts.last_heard_ms, now)}` : "";
      spots.push({ text: `${source} is silent${since}.`, grave: true });
    }
    if (counts.lost > 0) spots.push({ text: `${source} lost ${plural(counts.lost, "record")}.`, grave: true });
    if (counts.rejected > 0) {
      spots.push({ text: `${source}: ${plural(counts.rejected, "record")} could not be read.`, grave: false });
    }
  }
  for (const [consumer, behind] of Object.entries(status.spine.lag)) {
    if (behind > LAG) spots.push({ text: `${consumer} is ${plural(behind, "entry", "entries")} behind.`, grave: true });
  }
  if (status.rules.mistakes > 0) {
    spots.push({
      text: `${plural(status.rules.mistakes, "rule is broken and looks", "rules are broken and look")} for nothing.`,
      grave: true,
    });
  }
  if (status.sources.length === 0) spots.push({ text: "No source is connected.", grave: true });
  return spots.sort((a, b) => Number(b.grave) - Number(a.grave));
}
