/** Records of the evidence log as people read them, and what of them is asked for. */
import type { EvidenceFilter } from "../../api/queries";
import { count } from "../../lib/format";
import { clockTime, dayTime } from "../../lib/time";
import { LASTS, type Range, bounds } from "../search/state";

type Fields = Record<string, unknown>;

/** Many of a kind, told as one. */
export interface Many {
  count: number;
  until: number;
}

/** What a record says. */
export interface Told {
  who: string;
  what: string;
  when: number | undefined;
  result: string;
  origin: string;
  target: string;
  program: string;
  kind: string;
  /** The whole event. */
  ocsf: Fields | undefined;
  /** The same came again so many times. */
  repeats: Many | undefined;
  /** So many others of its kind came. */
  others: Many | undefined;
}

const fields = (value: unknown): Fields | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

const number = (value: unknown): number | undefined => (typeof value === "number" ? value : undefined);

/** A time that a date can be. */
const time = (value: unknown): number | undefined =>
  typeof value === "number" && Math.abs(value) < 8.64e15 ? value : undefined;

function many(value: unknown): Many | undefined {
  const found = fields(value);
  const [times, until] = [number(found?.["count"]), time(found?.["until"])];
  return times === undefined || until === undefined ? undefined : { count: times, until };
}

/** Reads a record; nothing when it is none. */
export function tell(record: unknown): Told | undefined {
  const found = fields(record);
  if (!found) return undefined;
  const text = (name: string): string => {
    const value = found[name];
    return typeof value === "string" ? value : "";
  };
  return {
    who: text("who"),
    what: text("what"),
    when: time(found["when"]),
    result: text("result"),
    origin: text("origin"),
    target: text("target"),
    program: text("program"),
    kind: text("kind"),
    ocsf: fields(found["ocsf"]),
    repeats: many(found["repeats"]),
    others: many(found["others"]),
  };
}

/** The same of its text: what is checked is what is shown. */
export function tellText(text: string): Told | undefined {
  try {
    return tell(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** ` and 49 times more until 10:32`, to go on after what happened; nothing of what happened once. */
export function manyWords({ repeats, others, when }: Told): string {
  const told = repeats ?? others;
  if (!told) return "";
  const sameDay = when !== undefined && new Date(when).toDateString() === new Date(told.until).toDateString();
  const until = `until ${sameDay ? clockTime(told.until).slice(0, 5) : dayTime(told.until)}`;
  if (!repeats) return `: ${count(told.count)} of them ${until}`;
  return ` and ${told.count === 1 ? "once" : `${count(told.count)} times`} more ${until}`;
}

/** Where an event says how somebody or something is called. */
const NAMED = ["actor.user", "user", "resources.0", "policy", "decision.subject"];

/** The name that a record has for whom it names by an id. */
export function nameIn(told: Told, id: string): string | undefined {
  for (const path of NAMED) {
    let at: unknown = told.ocsf;
    for (const part of path.split(".")) at = Array.isArray(at) ? (at as unknown[])[Number(part)] : fields(at)?.[part];
    const { uid, name } = fields(at) ?? {};
    if (uid === id && typeof name === "string" && name !== "") return name;
  }
  return undefined;
}

/** By the names that the log writes. */
const KINDS: Record<string, string> = {
  authentication: "Sign-in",
  account: "Account",
  access: "Access",
  emergency: "Emergency",
  "access-review": "Access review",
  policy: "Policy",
  decision: "Decision",
  source: "Source",
  upkeep: "Retention",
  evidence: "Evidence taken out",
};

/** `access-review`: `Access review`; a kind that is new stays as it is. */
export const kindWord = (kind: string): string => KINDS[kind.replaceAll("_", "-")] ?? kind;

/** Kinds to choose from, and the one that is chosen. */
export const kindChoices = (chosen: string | undefined): { value: string; label: string }[] =>
  [...new Set([...Object.keys(KINDS), ...(chosen === undefined ? [] : [chosen])])].map((value) => ({
    value,
    label: kindWord(value),
  }));

/** What stands in the address. */
export type Params = Partial<Record<"actor" | "target" | "kind" | "last" | "from" | "to", string>>;

const moment = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** Which time the address asks for; all of it unless it says less. */
export function rangeOf({ last, from, to }: Params): Range {
  const [first, end] = [moment(from), moment(to)];
  if (first !== undefined || end !== undefined)
    return { ...(first !== undefined && { from: first }), ...(end !== undefined && { to: end }) };
  return { last: LASTS.find((known) => known === last) ?? "all" };
}

/** The address of a time; what is not said is taken out of it. */
export const rangeParams = (
  range: Range,
): { last?: string | undefined; from?: string | undefined; to?: string | undefined } =>
  "last" in range
    ? { last: range.last === "all" ? undefined : range.last, from: undefined, to: undefined }
    : { last: undefined, from: range.from?.toString(), to: range.to?.toString() };

/** What the server is asked; `at` is when. */
export function filterOf(params: Params, at: number): EvidenceFilter {
  const { from, to } = bounds(rangeOf(params), at);
  const { actor, target, kind } = params;
  return {
    ...(actor !== undefined && { actor }),
    ...(target !== undefined && { target }),
    ...(kind !== undefined && { kind }),
    ...(from !== undefined && { from_ms: from }),
    ...(to !== undefined && { until_ms: to }),
  };
}

/** Whether the address asks for less than everything. */
export const isFiltered = (params: Params): boolean => Object.keys(filterOf(params, 0)).length > 0;
