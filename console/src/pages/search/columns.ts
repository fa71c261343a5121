/** The table `events` as this page knows it: its columns, what they hold, what can be asked of them. */
import type { ChipKind } from "../../ui/EntityChip";

export type Kind = "text" | "number" | "time" | "date";

export interface Column {
  name: string;
  kind: Kind;
  /** What it holds, for people. */
  help: string;
}

const column = (name: string, kind: Kind, help: string): Column => ({ name, kind, help });

/** In the order in which people look for them. */
export const COLUMNS: readonly Column[] = [
  column("time", "time", "When it happened"),
  column("severity", "text", "How bad, in a word"),
  column("class_name", "text", "What kind of event, such as Authentication"),
  column("activity_name", "text", "What was done, such as Logon or Read"),
  column("status", "text", "How it went: Success, Failure"),
  column("message", "text", "The event in a sentence, where there is one"),
  column("agent", "text", "The agent"),
  column("customer", "text", "The customer"),
  column("call_uid", "text", "The call that it belongs to"),
  column("call_state", "text", "The call at that moment: live, wrap_up, none, unknown"),
  column("caller", "text", "The number of the other side"),
  column("device", "text", "The workplace or machine"),
  column("src_ip", "text", "Where it came from"),
  column("dst_ip", "text", "Where it went"),
  column("user_name", "text", "The user's name"),
  column("source", "text", "The source that sent it"),
  column("site", "text", "The site"),
  column("program", "text", "The program"),
  column("rule_id", "text", "The rule, for findings"),
  column("flags", "text", "What was noticed at intake"),
  column("severity_id", "number", "How bad: 1 informational to 6 fatal"),
  column("class_uid", "number", "Kind of event, as OCSF number"),
  column("activity_id", "number", "Activity, as OCSF number"),
  column("status_id", "number", "1 success, 2 failure"),
  column("category_uid", "number", "Category, as OCSF number"),
  column("type_uid", "number", "Class and activity in one number"),
  column("received_time", "time", "When it arrived here"),
  column("day", "date", "The day of its time, in UTC"),
  column("event_id", "text", "Its own id"),
  column("spine_offset", "number", "Its place in the order of arrival"),
  column("enrichment", "text", "What the calls said of it, as JSON"),
  column("ocsf", "text", "All other OCSF attributes, as JSON"),
  column("raw", "text", "The record as it came"),
];

/** Columns to choose from. */
export const ALL_COLUMNS: readonly string[] = COLUMNS.map((c) => c.name);

const BY_NAME = new Map(COLUMNS.map((c) => [c.name, c]));

export const columnOf = (name: string): Column | undefined => BY_NAME.get(name);

/** Shown unless something else is chosen. */
export const DEFAULT_COLUMNS: readonly string[] = [
  "time",
  "severity",
  "class_name",
  "activity_name",
  "agent",
  "customer",
  "call_uid",
  "message",
];

/** A filter may also name an attribute inside the OCSF document: `ocsf.sip.method`. */
const PATH = /^ocsf(\.[A-Za-z0-9_][A-Za-z0-9_-]*){1,12}$/;

/** What a field of a filter holds; nothing for a field that there is not. */
export function kindOf(field: string): Kind | undefined {
  return columnOf(field)?.kind ?? (PATH.test(field) ? "text" : undefined);
}

/** The path inside the OCSF document, when the field is one. */
export const pathOf = (field: string): string | undefined => (PATH.test(field) ? field.slice(5) : undefined);

/** Nearly every row has its own value: counting them says nothing. */
const UNIQUE = new Set(["time", "received_time", "event_id", "spine_offset", "enrichment", "ocsf", "raw"]);

/** Columns whose commonest values are worth knowing. */
export const COUNTED: readonly string[] = ALL_COLUMNS.filter((name) => !UNIQUE.has(name));

const CHIPS: Record<string, ChipKind> = {
  call_uid: "call",
  agent: "agent",
  customer: "customer",
  caller: "number",
  src_ip: "address",
  dst_ip: "address",
  device: "device",
};

/** The entity that a column names. */
export const chipOf = (name: string): ChipKind | undefined => CHIPS[name];

const SEVERITIES = ["Unknown", "Informational", "Low", "Medium", "High", "Critical", "Fatal"];

/** `severity_id` of a value of the column `severity`. */
export const severityOf = (word: unknown): number | undefined => {
  const at = typeof word === "string" ? SEVERITIES.indexOf(word) : -1;
  return at < 0 ? undefined : at;
};

const WIDTHS: Record<string, number> = {
  time: 172,
  received_time: 172,
  severity: 142,
  class_name: 176,
  activity_name: 132,
  status: 90,
  message: 420,
  agent: 112,
  customer: 124,
  call_uid: 138,
  call_state: 96,
  caller: 150,
  device: 130,
  src_ip: 140,
  dst_ip: 140,
  user_name: 130,
  day: 100,
  event_id: 270,
  rule_id: 270,
  enrichment: 420,
  ocsf: 420,
  raw: 520,
};

/** How wide a column of an answer is, in pixels; by its name, else by what stands in it. */
export function widthOf(name: string, type: string, values: readonly unknown[]): number {
  const known = WIDTHS[name];
  if (known !== undefined) return known;
  if (type === "timestamp") return 172;
  let longest = name.length + 2;
  for (const value of values.slice(0, 60)) longest = Math.max(longest, shown(value).length);
  return Math.min(Math.max(longest * 7.4 + 26, 76), 380);
}

/** A value as text in a cell. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean" || typeof value === "bigint") return String(value);
  return JSON.stringify(value);
}
