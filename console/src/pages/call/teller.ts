/** Reads what the telephony reported of a call: who rang, answered, held, gave it on. */
import type { TimelineEvent } from "../../api/queries";
import { attribute } from "../../lib/say";

/** What an agent did with the call, from its ring to the end of the part. */
export interface Part {
  agent: string;
  name?: string;
  role?: string;
  extension?: string;
  /** It came to the agent by a transfer of this one. */
  from?: string;
  /** The agent gave it on to this one. */
  to?: string;
  rang?: number;
  answered?: number;
  /** Off the call, which went on. */
  left?: number;
  holds: { from: number; to?: number }[];
}

const CALL = { offered: 1, answered: 2, transferred: 3, held: 4, ended: 5, resumed: 6, identified: 7, record: 8 };

export const numberAt = (event: TimelineEvent, name: string): number | undefined => {
  const value = event.ocsf?.[name];
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
};

/** Reads the telephony's own reports in their order. */
export class Teller {
  parts: Part[] = [];
  customers: { uid: string; name?: string; at: number }[] = [];
  queue?: string;
  started?: number;
  answered?: number;
  ended?: number;
  disposition?: string;

  call(event: TimelineEvent): void {
    const at = event.time_ms;
    const activity = event.activity_id ?? 0;
    const agent = event.agent ?? undefined;
    if (activity < CALL.offered || activity > CALL.record) return;
    this.queue ??= attribute(event, "queue");
    this.customer(event);
    if (activity !== CALL.ended && activity !== CALL.record) this.started = least(this.started, at);
    switch (activity) {
      case CALL.offered:
        if (agent) this.part(agent, event).rang ??= at;
        break;
      case CALL.answered:
        if (agent) this.part(agent, event).answered ??= at;
        else this.answered ??= at;
        break;
      case CALL.transferred:
        this.transfer(event);
        break;
      case CALL.held:
      case CALL.resumed:
        if (agent) this.hold(this.known(agent, event), activity === CALL.held, at);
        break;
      case CALL.identified:
        if (agent) this.known(agent, event);
        break;
      case CALL.ended:
        this.ended = least(this.ended, at);
        this.disposition ??= attribute(event, "disposition");
        break;
      case CALL.record:
        this.record(event);
    }
  }

  /** The whole call in one report, after its end. */
  private record(event: TimelineEvent): void {
    const end = numberAt(event, "end_time") ?? event.time_ms;
    const long = numberAt(event, "duration");
    const start = numberAt(event, "start_time") ?? (long === undefined ? end : end - long);
    this.disposition ??= attribute(event, "disposition");
    const talked = numberAt(event, "talk_time");
    const answer = numberAt(event, "answer_time") ?? (talked === undefined ? undefined : end - talked);
    const answered = this.disposition === undefined || this.disposition === "answered" ? (answer ?? start) : undefined;
    this.started = least(this.started, start);
    this.ended = least(this.ended, end);
    if (event.agent) {
      const part = this.part(event.agent, event);
      part.rang ??= start;
      if (answered !== undefined) part.answered ??= answered;
    } else if (answered !== undefined) this.answered ??= answered;
  }

  private transfer(event: TimelineEvent): void {
    const to = attribute(event, "transfer_to.uid") ?? attribute(event, "transfer.to_agent.uid");
    if (event.agent) {
      const part = this.part(event.agent, event);
      part.left = event.time_ms;
      if (to !== undefined) part.to = to;
      const held = part.holds.at(-1);
      if (held && held.to === undefined) held.to = event.time_ms;
    }
    if (to === undefined) return;
    const next = this.part(to);
    next.rang ??= event.time_ms;
    if (event.agent) next.from = event.agent;
    const name = attribute(event, "transfer_to.name");
    const extension = attribute(event, "transfer_to.extension");
    if (name !== undefined) next.name = name;
    if (extension !== undefined) next.extension = extension;
  }

  private hold(part: Part, held: boolean, at: number): void {
    const last = part.holds.at(-1);
    // Who gave the call away holds nothing any more.
    if (part.left !== undefined && at >= part.left) return;
    if (held && (last === undefined || last.to !== undefined)) part.holds.push({ from: at });
    if (!held && last && last.to === undefined) last.to = at;
  }

  private customer(event: TimelineEvent): void {
    if (!event.customer || this.customers.some((c) => c.uid === event.customer)) return;
    const name = attribute(event, "customer.name");
    this.customers.push({ uid: event.customer, at: event.time_ms, ...(name !== undefined && { name }) });
  }

  /** The agent's latest part, also one that is over: what comes late begins none. */
  private known(agent: string, event: TimelineEvent): Part {
    return this.parts.findLast((p) => p.agent === agent) ?? this.part(agent, event);
  }

  /** The agent's part that goes on, or a new one: who gave a call away may get it back. */
  private part(agent: string, event?: TimelineEvent): Part {
    let part = this.parts.findLast((p) => p.agent === agent && p.left === undefined);
    if (!part) {
      part = { agent, holds: [] };
      this.parts.push(part);
    }
    const name = event && attribute(event, "agent.name");
    const role = event && attribute(event, "agent.role");
    const extension = event && attribute(event, "agent.extension");
    if (name !== undefined) part.name = name;
    if (role !== undefined) part.role = role;
    if (extension !== undefined) part.extension = extension;
    return part;
  }

  /** No telephony told of it: the messages do, as far as the join knows whose desk they concern. */
  signalled(messages: TimelineEvent[]): void {
    for (const event of messages) {
      const said = event.facts?.["call.agent"];
      const agent = event.agent ?? (typeof said === "string" ? said : undefined);
      if (!agent || (attribute(event, "sip.cseq_method") ?? attribute(event, "sip.method")) !== "INVITE") continue;
      const status = Number(attribute(event, "sip.status_code") ?? 0);
      const part = this.part(agent, event);
      part.rang ??= event.time_ms;
      if (status >= 200 && status < 300) part.answered ??= event.time_ms;
    }
  }
}

/** The earliest of those that are known. */
export function least(...times: (number | undefined)[]): number | undefined {
  const known = times.filter((t) => t !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
}
