/** What a listener or feed counts, in words: what happened, and what to do about it. */

export interface Counter {
  /** What was counted, after the number. */
  what: string;
  todo: string;
  /** Whether records are gone because of it. */
  lossy?: boolean;
}

const COUNTERS: Record<string, Counter> = {
  lost: {
    what: "records lost because the event log could not take them",
    todo: "Give the disk more speed, or send over TCP or TLS, where senders wait.",
    lossy: true,
  },
  kernel_dropped: {
    what: "datagrams dropped by the system before they could be read",
    todo: "Its receive buffer was full. Raise net.core.rmem_max and receive_buffer_bytes, or send over TCP.",
    lossy: true,
  },
  vanished: {
    what: "files that went away before they were read to their end",
    todo: "Let files lie for a few seconds before they are deleted.",
    lossy: true,
  },
  rejected: {
    what: "records that could not be read",
    todo: "They are among the refused records, with the place of the fault.",
  },
  framing_errors: {
    what: "records cut for their length, or connections ended because messages could not be told apart",
    todo: "Set octet counting at the sender (RFC 6587), or raise max_message_bytes.",
  },
  refused_peer: {
    what: "refused, because the sender is not on the list",
    todo: "Add its address to allow, or its certificate to clients, if it should send.",
  },
  refused_key: {
    what: "packets with a wrong HEP key or none",
    todo: "Give the sender the key in auth_key_file.",
  },
  refused_full: {
    what: "connections closed because there were too many",
    todo: "Raise max_connections, or look for a sender that opens too many.",
  },
  timeouts: {
    what: "connections closed because nothing came, or a message stopped half-way",
    todo: "Normal for senders that rest. Otherwise raise idle_secs, or look at the network.",
  },
  tls_failures: {
    what: "failed TLS handshakes",
    todo: "Check that the sender trusts the certificate, and that its own is signed by client_ca.",
  },
  unreadable: {
    what: "files or folders that could not be read",
    todo: "The user ringfence needs to read them.",
  },
  connection_failures: {
    what: "times that no connection could be made, or it broke",
    todo: "It is tried again. Check address and network; until it stands, its source is silent.",
  },
  logins_refused: {
    what: "refused logins",
    todo: "Check user, secret and access list of the telephone system.",
  },
};

/** Plain figures, which are no trouble. */
const FIGURES = new Set(["received", "bytes", "queued", "connections", "open"]);

export interface Trouble extends Counter {
  key: string;
  n: number;
}

/** Counters that are not zero and should be, losses first. An unknown one is shown by its name. */
export function troubles(counters: Record<string, number>): Trouble[] {
  return Object.entries(counters)
    .filter(([key, n]) => n > 0 && !FIGURES.has(key))
    .map(([key, n]) => ({ key, n, ...(COUNTERS[key] ?? { what: key.replaceAll("_", " "), todo: "" }) }))
    .sort((a, b) => Number(b.lossy ?? false) - Number(a.lossy ?? false) || b.n - a.n);
}
