/** What the SIP messages of a call say about it as a whole. */
import type { TimelineEvent } from "../../api/queries";
import { attribute } from "../../lib/say";

export interface Signalling {
  messages: number;
  /** First INVITE. */
  invited?: number;
  /** First 2xx to an INVITE. */
  answered?: number;
  /** First BYE, CANCEL or final error of a call that nobody answered. */
  ended?: number;
  /** User part of who hung up. */
  endedBy?: string;
  cancelled: boolean;
  /** `403 Forbidden`: the last final error to an INVITE. */
  failure?: string;
  /** User parts of the first request. */
  from?: string;
  to?: string;
  /** Address that the first request came from. */
  address?: string;
  /** Requests by method, most first. */
  methods: [string, number][];
  /** Transports that were seen, such as `udp`, most first. */
  transports: [string, number][];
  /** Media lines by whether they were encrypted. */
  media: { secured: number; open: number; suites: string[] };
  /** Keys of the media went over an open transport (SDES, RFC 4568). */
  keysInTheOpen: boolean;
}

const OPEN = new Set(["udp", "tcp", "ws"]);

interface MediaLine {
  is_encrypted?: unknown;
  suite?: unknown;
}

function mediaOf(event: TimelineEvent): MediaLine[] {
  const sip = event.ocsf?.["sip"];
  const media = typeof sip === "object" && sip !== null ? (sip as Record<string, unknown>)["media"] : undefined;
  return Array.isArray(media) ? media.filter((m): m is MediaLine => typeof m === "object" && m !== null) : [];
}

export const methodOf = (event: TimelineEvent): string =>
  attribute(event, "sip.method") ?? attribute(event, "sip.cseq_method") ?? "";

/** `messages` in the order of time. */
export function signallingOf(messages: TimelineEvent[]): Signalling {
  const methods = new Map<string, number>();
  const transports = new Map<string, number>();
  const suites = new Set<string>();
  const found: Signalling = {
    messages: messages.length,
    cancelled: false,
    methods: [],
    transports: [],
    media: { secured: 0, open: 0, suites: [] },
    keysInTheOpen: false,
  };
  const more = (counts: Map<string, number>, key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  let failed: number | undefined;
  for (const event of messages) {
    const at = event.time_ms;
    const status = Number(attribute(event, "sip.status_code") ?? 0);
    const method = status > 0 ? (attribute(event, "sip.cseq_method") ?? "") : methodOf(event);
    const transport = attribute(event, "sip.transport");
    if (transport !== undefined) more(transports, transport);
    if (status === 0 && method !== "") more(methods, method);
    if (status === 0 && found.from === undefined && found.to === undefined) Object.assign(found, partiesOf(event));
    for (const line of mediaOf(event)) {
      if (line.is_encrypted === true) found.media.secured += 1;
      else if (line.is_encrypted === false) found.media.open += 1;
      if (typeof line.suite === "string") {
        suites.add(line.suite);
        found.keysInTheOpen ||= transport !== undefined && OPEN.has(transport);
      }
    }
    if (method === "INVITE") {
      if (status === 0) found.invited ??= at;
      else if (status >= 200 && status < 300) found.answered ??= at;
      // Asked for credentials: the attempt is repeated with them.
      else if (status >= 300 && status !== 401 && status !== 407) {
        found.failure = `${status} ${attribute(event, "sip.reason") ?? ""}`.trim();
        failed = at;
      }
    }
    if ((method === "BYE" || method === "CANCEL") && status === 0 && found.ended === undefined) {
      found.ended = at;
      found.cancelled = method === "CANCEL";
      const user = attribute(event, "sip.from_user") ?? event.src_ip;
      if (user) found.endedBy = user;
    }
  }
  // A refused change of a call that goes on looks like a refused call.
  if (found.answered === undefined && failed !== undefined) found.ended ??= failed;
  const ranked = (counts: Map<string, number>) => [...counts].sort((a, b) => b[1] - a[1]);
  found.methods = ranked(methods);
  found.transports = ranked(transports);
  found.media.suites = [...suites];
  return found;
}

function partiesOf(event: TimelineEvent): Partial<Signalling> {
  const from = attribute(event, "sip.from_user") ?? attribute(event, "sip.from");
  const to = attribute(event, "sip.to_user") ?? attribute(event, "sip.to");
  return {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(event.src_ip && { address: event.src_ip }),
  };
}
