/** Which alerts a call has a part in. */
import type { Alert, AlertDetail, TimelineEvent } from "../../api/queries";
import type { Story } from "./story";

/** As alerts name those who took part in a call. */
export function entitiesOf(story: Story, uid: string): [kind: string, value: string][] {
  return [
    ["call", uid],
    ...[...new Set(story.parts.map((p) => p.agent))].map((agent): [string, string] => ["agent", agent]),
    ...(story.signalling.address === undefined ? [] : [["src_ip", story.signalling.address] as [string, string]]),
    ...(story.number === undefined ? [] : [["caller", story.number] as [string, string]]),
    ...story.customers.map((c): [string, string] => ["customer", c.uid]),
  ];
}

/** Rules that found something on these events. */
export const rulesOf = (events: TimelineEvent[]): Set<string> =>
  new Set(events.flatMap((e) => [...e.findings, ...(e.rule_id ? [e.rule_id] : [])]));

/** Whether it could be: one of these rules' alerts is about that time. */
export const overlaps = (alert: Alert, { from, to }: { from: number; to: number }): boolean =>
  alert.first_time_ms <= to && alert.last_time_ms >= from;

/** Whether one of its findings is about one of these events; of findings that were left out, by their rule. */
export function concerns(detail: AlertDetail, events: ReadonlySet<string>, rules: ReadonlySet<string>): boolean {
  const named = detail.findings.some((finding) => {
    const ids = (finding as { event_ids?: unknown }).event_ids;
    return Array.isArray(ids) && ids.some((id) => typeof id === "string" && events.has(id));
  });
  const complete = detail.findings.length >= detail.alert.finding_count;
  return named || (!complete && detail.rules.some((rule) => rules.has(rule.rule_id)));
}
