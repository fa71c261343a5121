/** Whether a timeline that was asked for again says anything new. */
import type { Timeline } from "../api/queries";

/** What an answer says, in short: enough to notice new events, new findings and facts that came later. */
function digest({ items, truncated }: Timeline): string {
  let findings = 0;
  let facts = 0;
  for (const event of items) {
    findings += event.findings.length;
    if (event.facts) facts += 1 + (event.facts["call.settled"] === true ? 1 : 0) + (event.call_state?.length ?? 0);
  }
  return `${items.length} ${items[0]?.event_id ?? ""} ${items.at(-1)?.event_id ?? ""} ${findings} ${facts} ${truncated}`;
}

/**
 * For `structuralSharing`: thousands of events are not compared field by field, and what is derived
 * from them is only derived anew when there is news.
 */
export function keepSame(before: unknown, after: unknown): unknown {
  if (before === undefined) return after;
  return digest(before as Timeline) === digest(after as Timeline) ? before : after;
}
