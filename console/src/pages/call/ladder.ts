/** SIP messages of a call as a ladder: who to whom, what, and which are sent again. */
import type { TimelineEvent } from "../../api/queries";
import { CLASS, attribute } from "../../lib/say";

export type MessageKind = "request" | "provisional" | "final" | "error";

export interface Message {
  event: TimelineEvent;
  /** Columns. */
  from: number;
  to: number;
  kind: MessageKind;
  /** `INVITE`, `180 Ringing`. */
  label: string;
  /** What an answer answers, whether it describes media, what was noticed. */
  detail: string;
  /** 0 for the first of its kind, then how often it was sent before. */
  again: number;
  /** How often it was sent again, for the first. */
  repeats: number;
  /** Since the message before, ms. */
  delta: number;
  /** Which Call-ID, counted from 1; a call through a B2BUA has one on each side. */
  leg: number;
}

export interface Column {
  key: string;
  label: string;
  /** More than one port, or more than one address, share it. */
  joint: boolean;
}

export interface Ladder {
  columns: Column[];
  messages: Message[];
  retransmissions: number;
  errors: number;
  /** Call-IDs in the order of their first message. */
  legs: string[];
}

/** More columns than this cannot be read side by side. */
export const MAX_COLUMNS = 7;

/** Longest time that a message is sent again: 64 × T1 (RFC 3261 §17). */
const AGAIN_WITHIN = 32_000;

const OTHERS = "others";
const UNKNOWN = "address not seen";

interface End {
  ip: string;
  port: string;
}

function endOf(event: TimelineEvent, side: "src" | "dst"): End {
  const ip = attribute(event, `${side}_endpoint.ip`) ?? (side === "src" ? event.src_ip : event.dst_ip) ?? UNKNOWN;
  return { ip, port: attribute(event, `${side}_endpoint.port`) ?? "" };
}

const hostPort = ({ ip, port }: End): string =>
  port === "" ? ip : ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;

/** The columns in the order in which they spoke, and which one an address stands in. */
function columnsOf(ends: End[]): { columns: Column[]; place: (end: End) => number } {
  const ports = new Set(ends.map(hostPort));
  // A scanner takes a new port for every try: then an address is one column.
  if (ports.size <= MAX_COLUMNS) {
    const keys = [...ports];
    return {
      columns: keys.map((key) => ({ key, label: key, joint: false })),
      place: (end) => keys.indexOf(hostPort(end)),
    };
  }
  const seen = new Map<string, { times: number; ports: Set<string> }>();
  for (const end of ends) {
    const known = seen.get(end.ip) ?? { times: 0, ports: new Set() };
    known.times += 1;
    known.ports.add(end.port);
    seen.set(end.ip, known);
  }
  const busiest = [...seen].sort((a, b) => b[1].times - a[1].times).slice(0, MAX_COLUMNS - 1);
  const kept = seen.size <= MAX_COLUMNS ? seen : new Set(busiest.map(([ip]) => ip));
  const keys = [...seen.keys()].filter((ip) => kept.has(ip));
  const columns: Column[] = keys.map((ip) => {
    const all = seen.get(ip)?.ports ?? new Set<string>();
    const [one] = all;
    return all.size > 1
      ? { key: ip, label: `${ip}, ${all.size} ports`, joint: true }
      : { key: ip, label: hostPort({ ip, port: one ?? "" }), joint: false };
  });
  const places = new Map(keys.map((ip, i) => [ip, i]));
  if (keys.length < seen.size) {
    columns.push({ key: OTHERS, label: `${seen.size - keys.length} others`, joint: true });
  }
  return { columns, place: (end) => places.get(end.ip) ?? columns.length - 1 };
}

/** `events` in the order of time; what is no SIP message is left out. */
export function ladderOf(events: TimelineEvent[]): Ladder {
  const sip = events.filter((e) => e.class_uid === CLASS.signalling);
  const ends = sip.map((e) => [endOf(e, "src"), endOf(e, "dst")] as const);
  const { columns, place } = columnsOf(ends.flat());
  const legs = new Map<string, number>();
  const transactions = new Transactions();
  const messages: Message[] = [];
  let retransmissions = 0;
  let errors = 0;
  let before = sip[0]?.time_ms ?? 0;
  sip.forEach((event, i) => {
    const [src, dst] = ends[i] ?? [
      { ip: UNKNOWN, port: "" },
      { ip: UNKNOWN, port: "" },
    ];
    const callId = attribute(event, "sip.call_id") ?? "";
    if (!legs.has(callId)) legs.set(callId, legs.size + 1);
    const message: Message = {
      event,
      from: place(src),
      to: place(dst),
      kind: kindOf(event),
      label: labelOf(event),
      detail: detailOf(event),
      again: 0,
      repeats: 0,
      delta: event.time_ms - before,
      leg: legs.get(callId) ?? 1,
    };
    before = event.time_ms;
    const first = transactions.firstOf(event, message, hostPort(src), hostPort(dst));
    if (first) {
      first.repeats += 1;
      message.again = first.repeats;
      retransmissions += 1;
    }
    if (message.kind === "error" && message.again === 0) errors += 1;
    messages.push(message);
  });
  return { columns, messages, retransmissions, errors, legs: [...legs.keys()] };
}

/** Two messages that agree in all of this are one that was sent again: nobody else uses its CSeq. */
const SAME = ["method", "status_code", "request_uri", "from", "to", "has_credentials", "auth_user"] as const;

/** Which messages were sent before. */
class Transactions {
  /** Of a transaction: how many tries it had so far, and whether the last was answered for good. */
  private tries = new Map<string, { n: number; answered: boolean }>();
  private firsts = new Map<string, { message: Message; at: number }>();

  /** The message that this one repeats; nothing if it is new. */
  firstOf(event: TimelineEvent, message: Message, src: string, dst: string): Message | undefined {
    const sip = event.ocsf?.["sip"];
    const fields = typeof sip === "object" && sip !== null ? (sip as Record<string, unknown>) : {};
    // Without a CSeq nothing tells two messages apart: each is its own.
    if (fields["cseq"] === undefined) return undefined;
    const said = (name: string) => JSON.stringify(fields[name] ?? null);
    const ends = [src, dst].sort();
    const transaction = [...ends, said("call_id"), said("cseq"), said("cseq_method")].join("\u0000");
    const tries = this.tries.get(transaction) ?? { n: 0, answered: false };
    this.tries.set(transaction, tries);
    const keyOf = () => [transaction, src, tries.n, ...SAME.map(said)].join("\u0000");
    let first = this.firsts.get(keyOf());
    const again = first !== undefined && event.time_ms - first.at <= AGAIN_WITHIN;
    // Who was answered and asks once more, asks anew: a password that is guessed, not a lost message.
    if (message.kind === "request" && (!again || tries.answered)) {
      if (again || tries.answered) tries.n += 1;
      tries.answered = false;
      first = undefined;
    } else if (!again) first = undefined;
    if (message.kind === "final" || message.kind === "error") tries.answered = true;
    if (first) return first.message;
    this.firsts.set(keyOf(), { message, at: event.time_ms });
    return undefined;
  }
}

function kindOf(event: TimelineEvent): MessageKind {
  const status = Number(attribute(event, "sip.status_code") ?? 0);
  if (status === 0) return "request";
  if (status < 200) return "provisional";
  return status < 400 ? "final" : "error";
}

function labelOf(event: TimelineEvent): string {
  const status = attribute(event, "sip.status_code");
  if (status !== undefined) return `${status} ${attribute(event, "sip.reason") ?? ""}`.trim();
  return attribute(event, "sip.method") ?? attribute(event, "sip.cseq_method") ?? "SIP";
}

function detailOf(event: TimelineEvent): string {
  const details = [];
  const isAnswer = attribute(event, "sip.status_code") !== undefined;
  const answered = isAnswer ? attribute(event, "sip.cseq_method") : undefined;
  if (answered !== undefined) details.push(`to ${answered}`);
  const user = isAnswer ? undefined : (attribute(event, "sip.request_user") ?? attribute(event, "sip.to_user"));
  if (user !== undefined) details.push(user);
  const sip = event.ocsf?.["sip"] as Record<string, unknown> | undefined;
  const media = sip?.["media"];
  if (Array.isArray(media) && media.length > 0) {
    const open = media.some((m) => (m as { is_encrypted?: unknown }).is_encrypted === false);
    details.push(open ? "media in the clear" : "media encrypted");
  }
  if (sip?.["has_credentials"] === true) details.push("with credentials");
  const marks = sip?.["marks"];
  if (Array.isArray(marks) && marks.length > 0) details.push("marks of an attack tool");
  return details.join(", ");
}

/** `+0.4 s`, `+12 ms`: since the message before. */
export function sayDelta(ms: number): string {
  if (ms < 1_000) return `+${ms} ms`;
  if (ms < 60_000) return `+${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `+${Math.round(ms / 60_000)} min`;
}
