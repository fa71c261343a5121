/** SQL from conditions. Values may hold anything: they only ever become literals. */
import { moment, quoted } from "../../lib/sql";
import { columnOf, kindOf, pathOf } from "./columns";
import { type Filter, type Op, type State, bounds, needsNoValue } from "./state";

/** Rows to ask about, whatever is asked about them: a table and conditions that all hold. */
export interface Source {
  table: string;
  conditions: string[];
}

/** The table that all is asked of. */
const TABLE = "events";

/** How a field is written: a column, or an attribute inside the OCSF document. */
export function fieldSql(field: string): string {
  const path = pathOf(field);
  if (path !== undefined) return `ocsf_get(ocsf, ${quoted(path)})`;
  if (columnOf(field) === undefined) throw new Error(`no field ${field}`);
  return field;
}

const LIKE = /[\\%_]/g;
/** A pattern that matches the text itself, wildcards included. */
const pattern = (text: string): string => text.replace(LIKE, "\\$&");

/** A value as a literal that can be compared with the field; nothing when it cannot be one. */
function literal(field: string, value: string): string | undefined {
  switch (kindOf(field)) {
    case "number":
      return /^-?\d{1,18}(\.\d{1,9})?$/.test(value.trim()) ? value.trim() : undefined;
    case "time": {
      const ms = Date.parse(value);
      return Number.isFinite(ms) ? moment(ms) : undefined;
    }
    case "date":
      return /^\d{4}-\d{2}-\d{2}$/.test(value) && Number.isFinite(Date.parse(value))
        ? `DATE ${quoted(value)}`
        : undefined;
    case "text":
      return quoted(value);
    default:
      return undefined;
  }
}

/** The operators that make sense for a field. */
export function opsOf(field: string): Op[] {
  const text = kindOf(field) === "text";
  return text
    ? ["is", "not", "has", "hasnot", "starts", "empty", "filled"]
    : ["is", "not", "gt", "lt", "empty", "filled"];
}

/** Why a condition cannot be asked; nothing when it can. */
export function wrongWith(filter: Filter): string | undefined {
  const { field, op, values } = filter;
  const kind = kindOf(field);
  if (kind === undefined) return "there is no such field";
  if (!opsOf(field).includes(op)) return "this cannot be asked of this field";
  if (needsNoValue(op)) return undefined;
  if (values.length === 0) return "a value is missing";
  if (values.some((value) => literal(field, value) === undefined)) {
    return {
      number: "this needs a number",
      time: "this needs a time",
      date: "this needs a day such as 2026-01-31",
      text: "",
    }[kind];
  }
  if (values.every((value) => value === "") && op !== "is" && op !== "not") return "a value is missing";
  return undefined;
}

const anyOf = (parts: string[]): string => (parts.length === 1 ? (parts[0] ?? "") : `(${parts.join(" OR ")})`);

/** A filter as a condition; nothing when there is something wrong with it. */
export function condition(filter: Filter): string | undefined {
  if (wrongWith(filter) !== undefined) return undefined;
  const { field, op, values } = filter;
  const of = fieldSql(field);
  const literals = values.map((value) => literal(field, value) ?? "NULL");
  const one = literals[0] ?? "NULL";
  switch (op) {
    case "is":
      return literals.length === 1 ? `${of} = ${one}` : `${of} IN (${literals.join(", ")})`;
    case "not":
      // A row without a value is not that value either. The brackets are needed: without them the
      // engine takes a following AND for a part of what is compared.
      return literals.length === 1
        ? `(${of} IS DISTINCT FROM ${one})`
        : `(${of} NOT IN (${literals.join(", ")}) OR ${of} IS NULL)`;
    case "has":
      return anyOf(values.map((value) => `${of} ILIKE ${quoted(`%${pattern(value)}%`)}`));
    case "hasnot":
      return `(${values.map((value) => `${of} NOT ILIKE ${quoted(`%${pattern(value)}%`)}`).join(" AND ")} OR ${of} IS NULL)`;
    case "starts":
      return anyOf(values.map((value) => `${of} ILIKE ${quoted(`${pattern(value)}%`)}`));
    case "empty":
      return kindOf(field) === "text" ? `(${of} IS NULL OR ${of} = '')` : `${of} IS NULL`;
    case "filled":
      // A comparison with nothing is never true, so this leaves out both.
      return kindOf(field) === "text" ? `${of} <> ''` : `${of} IS NOT NULL`;
    case "gt":
      return `${of} > ${one}`;
    case "lt":
      return `${of} < ${one}`;
  }
}

/** Words of the text box; "words in quotes" belong together. */
export function terms(text: string): string[] {
  const found: string[] = [];
  for (const [, together, word] of text.matchAll(/"([^"]+)"|(\S+)/g)) {
    const term = together ?? word?.replaceAll('"', "") ?? "";
    if (term !== "") found.push(term);
  }
  return found;
}

/** Rows that only say later facts of another event. */
const REVISION = "(class_uid <> 0 OR message IS DISTINCT FROM 'call facts revised')";

/** All conditions of a simple search that is asked at a moment. */
export function conditions(state: Pick<State, "range" | "text" | "filters" | "revisions">, at: number): string[] {
  const all: string[] = [];
  const { from, to } = bounds(state.range, at);
  if (from !== undefined) all.push(`time >= ${moment(from)}`);
  if (to !== undefined) all.push(`time < ${moment(to)}`);
  for (const term of terms(state.text)) {
    const like = quoted(`%${pattern(term)}%`);
    all.push(`(message ILIKE ${like} OR raw ILIKE ${like})`);
  }
  for (const filter of state.filters) {
    const sql = condition(filter);
    if (sql !== undefined) all.push(sql);
  }
  if (!state.revisions) all.push(REVISION);
  return all;
}

export const simpleSource = (state: State, at: number): Source => ({ table: TABLE, conditions: conditions(state, at) });

const whereSql = (all: readonly string[]): string => (all.length === 0 ? "" : `\nWHERE ${all.join("\n  AND ")}`);

const named = (field: string): string => (pathOf(field) === undefined ? field : `${fieldSql(field)} AS "${field}"`);

/** The question of a simple search. `event_id` comes along, so that a row can be opened. */
export function selectSql(state: State, at: number, columns: readonly string[] = state.columns): string {
  const { table, conditions: all } = simpleSource(state, at);
  const wanted = columns.includes("event_id") ? columns : [...columns, "event_id"];
  const { column, down } = state.order;
  const nulls = column === "time" ? "" : " NULLS LAST";
  return `SELECT ${wanted.map(named).join(", ")}\nFROM ${table}${whereSql(all)}\nORDER BY ${fieldSql(column)} ${down ? "DESC" : "ASC"}${nulls}`;
}

/** From when to when there is something, and how much. */
export const spanSql = ({ table, conditions: all }: Source): string =>
  `SELECT min(time) AS first, max(time) AS last, count(*) AS n\nFROM ${table}${whereSql(all)}`;

/** Counts per stretch of time and severity. `origin` is where a stretch begins (local midnight, say). */
export const histogramSql = ({ table, conditions: all }: Source, stepMs: number, origin: number): string =>
  `SELECT date_bin(INTERVAL '${Math.round(stepMs / 1000)} seconds', time, ${moment(origin)}) AS bucket, severity_id, count(*) AS n
FROM ${table}${whereSql(all)}
GROUP BY bucket, severity_id
ORDER BY bucket`;

/** The commonest values of a field, with how many rows and how many different values there are in all. */
export const valuesSql = ({ table, conditions: all }: Source, field: string, most: number): string =>
  `SELECT ${fieldSql(field)} AS value, count(*) AS n, sum(count(*)) OVER () AS total, count(*) OVER () AS different
FROM ${table}${whereSql(all)}
GROUP BY value
ORDER BY n DESC, value
LIMIT ${Math.floor(most)}`;

/** The whole row of an event; its time, where known, spares a look into every file. */
export const rowSql = (eventId: string, timeMs?: number): string =>
  `SELECT *\nFROM ${TABLE}${whereSql([
    ...(timeMs === undefined ? [] : [`time = ${moment(timeMs)}`]),
    `event_id = ${quoted(eventId)}`,
  ])}\nLIMIT 1`;

/** When anything at all was last seen. */
export const newestSql = `SELECT max(time) AS newest FROM ${TABLE}`;
