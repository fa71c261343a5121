/** One call as the design page shows it. Nothing of it ever happened. */
import type { TimelineEvent } from "../../api/queries";
import type { Stretch } from "../../ui/TimeAxis";

const START = Date.UTC(2026, 10, 22, 9, 30);

const event = (second: number, more: Partial<TimelineEvent>): TimelineEvent => ({
  event_id: `example-${second}`,
  time_ms: START + second * 1_000,
  received_ms: START + second * 1_000 + 40,
  class_uid: 99_904_001,
  class_name: "Call Activity",
  activity_name: "Other",
  severity_id: 1,
  program: "acme",
  site: "berlin",
  source: "pbx",
  call_uid: "c-77",
  agent: "4711",
  flags: [],
  findings: [],
  ...more,
});

const lookup = { class_uid: 6_001, class_name: "Web Resources Activity", activity_name: "Read", source: "crm" };
const recording = { class_uid: 99_904_002, class_name: "Recording Activity", source: "recorder" };

export const EVENTS: TimelineEvent[] = [
  event(0, { activity_name: "Offered", caller: "+12125550100" }),
  event(8, { activity_name: "Answered", caller: "+12125550100" }),
  event(11, { ...recording, activity_name: "Start" }),
  event(20, { activity_name: "Customer Identified", customer: "C-1001", source: "ivr" }),
  event(26, {
    ...lookup,
    customer: "C-1001",
    facts: { "call.state": "live", "call.same_customer": true, "call.uid": "c-77" },
  }),
  event(70, { ...recording, activity_name: "Pause" }),
  event(104, { ...recording, activity_name: "Resume" }),
  event(150, {
    ...lookup,
    customer: "C-2002",
    device: "desk-17",
    src_ip: "10.1.0.17",
    severity_id: 4,
    findings: ["example"],
    facts: { "call.state": "live", "call.same_customer": false, "call.uid": "c-77" },
  }),
  event(180, { activity_name: "Ended" }),
];

export const STRETCHES: Stretch[] = [
  {
    lane: "call",
    from: START + 8_000,
    to: START + 180_000,
    label: "on the call",
    color: "var(--mantine-color-ring-8)",
    pattern: "solid",
  },
  {
    lane: "recording",
    from: START + 70_000,
    to: START + 104_000,
    label: "paused",
    color: "var(--mantine-color-gray-7)",
    pattern: "hatched",
  },
];

/** The look-up of another customer, as the CRM would have written it. */
export const RAW =
  '{"ts": "2026-11-22T09:32:30Z", "user": "4711", "action": "view", "customer_id": "C-2002", "host": "desk-17"}';

export const TREND = {
  at: Array.from({ length: 48 }, (_, i) => START + i * 1_800_000),
  counts: Array.from({ length: 48 }, (_, i) =>
    i > 30 && i < 34 ? 0 : Math.round(60 + 40 * Math.sin(i / 5) + (i % 7)),
  ),
};
