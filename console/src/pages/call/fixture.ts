/** Events for tests, with what matters there. */
import type { TimelineEvent } from "../../api/queries";
import { CLASS } from "../../lib/say";

export const T0 = Date.UTC(2026, 0, 2, 14, 0, 0);

let n = 0;

/** An event `at` seconds after `T0`. */
export function event(
  at: number,
  classUid: number,
  activity: number,
  more: Partial<TimelineEvent> = {},
): TimelineEvent {
  n += 1;
  return {
    event_id: `e${n}`,
    time_ms: T0 + Math.round(at * 1_000),
    received_ms: T0 + Math.round(at * 1_000) + 200,
    class_uid: classUid,
    class_name: "Class",
    activity_id: activity,
    activity_name: "Activity",
    severity_id: 1,
    program: "default",
    flags: [],
    findings: [],
    ...more,
  };
}

export const call = (at: number, activity: number, more: Partial<TimelineEvent> = {}): TimelineEvent =>
  event(at, CLASS.call, activity, { call_uid: "c1", caller: "+12045550100", ...more });

export const sip = (
  at: number,
  fields: Record<string, unknown>,
  more: Partial<TimelineEvent> & { src?: [string, number]; dst?: [string, number] } = {},
): TimelineEvent => {
  const { src = ["203.0.113.9", 5060], dst = ["10.20.0.5", 5060], ...rest } = more;
  return event(at, CLASS.signalling, "status_code" in fields ? 2 : 1, {
    src_ip: src[0],
    dst_ip: dst[0],
    ocsf: {
      sip: { call_id: "x@y", cseq: 1, cseq_method: "INVITE", transport: "udp", ...fields },
      src_endpoint: { ip: src[0], port: src[1] },
      dst_endpoint: { ip: dst[0], port: dst[1] },
    },
    ...rest,
  });
};
