/** The questions in SQL that the page of an agent, customer, number, address or device asks. */
import type { EntityKind } from "../../api/queries";
import { moment, quoted } from "../../lib/sql";
import type { Range } from "./ranges";

export type Kind = Exclude<EntityKind, "call">;

export const KINDS = ["agent", "customer", "number", "address", "device"] as const satisfies readonly Kind[];

export const isKind = (text: string): text is Kind => KINDS.some((k) => k === text);

const COLUMN: Record<Kind, string> = {
  agent: "agent",
  customer: "customer",
  number: "caller",
  address: "src_ip",
  device: "device",
};

/** Which rows concern it. Rows that carry later facts of other rows are none of their own. */
export function whereOf(kind: Kind, value: string): string {
  const is = (column: string) => `${column} = ${quoted(value)}`;
  const who = kind === "address" ? `(${is("src_ip")} OR ${is("dst_ip")})` : is(COLUMN[kind]);
  return `${who} AND class_uid <> 0`;
}

const within = ({ from, to }: Range): string =>
  [
    ...(from === undefined ? [] : [` AND time >= ${moment(from)}`]),
    ...(to === undefined ? [] : [` AND time <= ${moment(to)}`]),
  ].join("");

export const factsSql = (kind: Kind, value: string): string =>
  `SELECT min(time) AS first_seen, max(time) AS last_seen, count(*) AS events,
  count(DISTINCT call_uid) FILTER (WHERE class_uid = 99904001) AS calls,
  count(*) FILTER (WHERE class_uid = 99904005) AS messages,
  count(*) FILTER (WHERE class_uid = 6001) AS lookups,
  count(*) FILTER (WHERE class_uid = 3002) AS logons,
  count(*) FILTER (WHERE class_uid = 2004) AS findings
FROM events WHERE ${whereOf(kind, value)}`;

const json = (path: string) => `ocsf_get(ocsf, '${path}')`;

const NAME: Partial<Record<Kind, string>> = {
  agent: `coalesce(${json("agent.name")}, ${json("actor.user.name")}, ${json("user.name")})`,
  customer: json("customer.name"),
  number: json("caller.name"),
  address: json("src_endpoint.hostname"),
};

/** Names under which it appeared, most frequent first; nothing where such a thing has no name. */
export function namesSql(kind: Kind, value: string): string | undefined {
  const name = NAME[kind];
  if (name === undefined) return undefined;
  // A host's name in an event is the sender's: the address as recipient has none there.
  const where = kind === "address" ? `src_ip = ${quoted(value)} AND class_uid <> 0` : whereOf(kind, value);
  return `SELECT ${name} AS name, count(*) AS n FROM events WHERE ${where} AND ${name} IS NOT NULL
GROUP BY 1 ORDER BY n DESC, name LIMIT 4`;
}

export const RELATED_MOST = 8;

/** Kinds that are seen together with one; names that were signed in with are no kind of their own. */
export type Met = Kind | "user";

/** The column that names the other; of two addresses it is the one at the other end. */
function columnOf(other: Met, kind: Kind, value: string): string {
  if (other === "user") return "user_name";
  if (other !== "address" || kind !== "address") return COLUMN[other];
  return `CASE WHEN src_ip = ${quoted(value)} THEN dst_ip ELSE src_ip END`;
}

/** What was seen together with it, most often first. */
export function relatedSql(kind: Kind, value: string, other: Met, range: Range): string {
  const column = columnOf(other, kind, value);
  return `SELECT value, count(*) AS n, max(time) AS latest
FROM (SELECT ${column} AS value, time FROM events WHERE ${whereOf(kind, value)}${within(range)})
WHERE value IS NOT NULL AND value <> '' AND value <> ${quoted(value)}
GROUP BY value ORDER BY n DESC, latest DESC LIMIT ${RELATED_MOST + 1}`;
}

export const relatedKinds = (kind: Kind): Met[] => [
  ...KINDS.filter((k) => k !== kind || k === "address"),
  ...(kind === "address" || kind === "device" ? (["user"] as const) : []),
];

/** As alerts name the same thing. */
export const ALERT_KINDS: Record<Kind, string[]> = {
  agent: ["agent", "user"],
  customer: ["customer"],
  number: ["caller"],
  address: ["src_ip", "dst_ip"],
  device: ["device"],
};

/** All its rows, for the page of SQL. */
export const allSql = (kind: Kind, value: string, range: Range): string =>
  `SELECT time, class_name, activity_name, message, call_uid, agent, customer, caller, device, src_ip, call_state
FROM events
WHERE ${whereOf(kind, value)}${within(range)}
ORDER BY time DESC`;
