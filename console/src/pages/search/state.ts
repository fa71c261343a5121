/** What is searched for, as it stands in the address: a reload or a link shows the same. */
import { COUNTED, DEFAULT_COLUMNS, kindOf, shown } from "./columns";

export const OPS = ["is", "not", "has", "hasnot", "starts", "empty", "filled", "gt", "lt"] as const;
export type Op = (typeof OPS)[number];

/** One condition. `is` and `not` take several values: any of them, none of them. */
export interface Filter {
  field: string;
  op: Op;
  values: string[];
}

export const LASTS = ["15m", "1h", "6h", "24h", "7d", "30d", "all"] as const;
export type Last = (typeof LASTS)[number];
export const DEFAULT_LAST: Last = "1h";

/** The last so long, or from and to (ms), each of which may be open. */
export type Range = { last: Last } | { from?: number; to?: number };

export interface Order {
  column: string;
  down: boolean;
}

export const LIMITS = [100, 1_000, 5_000, 10_000] as const;
export const DEFAULT_LIMIT = 1_000;

export interface State {
  mode: "simple" | "sql";
  range: Range;
  text: string;
  filters: Filter[];
  columns: string[];
  order: Order;
  limit: number;
  /** Whether rows that only carry later facts of other rows are shown. */
  revisions: boolean;
  sql: string;
  /** The row that is open: an `event_id`, or `#12` for the twelfth row of an answer without one. */
  row?: string | undefined;
  /** The column whose values are counted; an empty text when none is open. */
  field: string;
}

export const DEFAULT_FIELD = "class_name";

export type Params = Partial<
  Record<
    | "mode"
    | "last"
    | "from"
    | "to"
    | "text"
    | "filter"
    | "cols"
    | "order"
    | "limit"
    | "revisions"
    | "sql"
    | "row"
    | "field",
    string
  >
>;

const SPECIAL = /[\\,:|]/g;
const escaped = (text: string): string => text.replace(SPECIAL, "\\$&");

/** Cuts at a separator that no backslash stands before; the backslashes stay. */
function cut(text: string, at: string): string[] {
  const parts = [""];
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (c === at) parts.push("");
    else {
      const two = c === "\\" && i + 1 < text.length;
      parts.push((parts.pop() ?? "") + (two ? text.slice(i, i + 2) : c));
      if (two) i += 1;
    }
  }
  return parts;
}

const plain = (text: string): string => text.replace(/\\([\s\S])/g, "$1");

/** `agent:is:A1|A2,severity_id:gt:2`. */
export const formatFilters = (filters: readonly Filter[]): string =>
  filters.map(({ field, op, values }) => [escaped(field), op, values.map(escaped).join("|")].join(":")).join(",");

/** Filters of an address. What is not understood is left out. */
export function parseFilters(text: string): Filter[] {
  const found: Filter[] = [];
  if (text === "") return found;
  for (const part of cut(text, ",")) {
    const [field = "", op = "", ...rest] = cut(part, ":");
    const filter = { field: plain(field), op: op as Op, values: cut(rest.join(":"), "|").map(plain) };
    if (needsNoValue(filter.op)) filter.values = [];
    if (kindOf(filter.field) !== undefined && (OPS as readonly string[]).includes(op)) found.push(filter);
  }
  return found;
}

/** Operators that need no value. */
export const needsNoValue = (op: Op): boolean => op === "empty" || op === "filled";

/** A moment of an address: milliseconds, or anything that names a date. */
function moment(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const ms = /^-?\d{1,15}$/.test(text) ? Number(text) : Date.parse(text);
  return Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? ms : undefined;
}

export function parse(params: Params): State {
  const from = moment(params.from);
  const to = moment(params.to);
  const last = LASTS.find((l) => l === params.last) ?? DEFAULT_LAST;
  const cols = (params.cols ?? "").split(",").filter((name, i, all) => all.indexOf(name) === i);
  const columns = cols.filter((name) => kindOf(name) !== undefined);
  const order = params.order ?? "-time";
  const by = order.replace(/^-/, "");
  const limit = LIMITS.find((n) => String(n) === params.limit) ?? DEFAULT_LIMIT;
  const sql = params.sql ?? "";
  const counted = params.field === "none" ? "" : COUNTED.find((name) => name === params.field);
  return {
    // A link that only brings SQL means to show it.
    mode: params.mode === "sql" || (params.mode === undefined && sql !== "") ? "sql" : "simple",
    range:
      from === undefined && to === undefined
        ? { last }
        : { ...(from !== undefined && { from }), ...(to !== undefined && { to }) },
    text: params.text ?? "",
    filters: parseFilters(params.filter ?? ""),
    columns: columns.length > 0 ? columns : [...DEFAULT_COLUMNS],
    order: kindOf(by) === undefined ? { column: "time", down: true } : { column: by, down: order.startsWith("-") },
    limit,
    revisions: params.revisions === "yes",
    sql,
    row: params.row,
    field: counted ?? DEFAULT_FIELD,
  };
}

/** The address of a state. What is as usual is left out. */
export function format(state: State): Params {
  const params: Params = {};
  if (state.mode === "sql" ? state.sql === "" : state.sql !== "") params.mode = state.mode;
  if ("last" in state.range) {
    if (state.range.last !== DEFAULT_LAST) params.last = state.range.last;
  } else {
    if (state.range.from !== undefined) params.from = new Date(state.range.from).toISOString();
    if (state.range.to !== undefined) params.to = new Date(state.range.to).toISOString();
  }
  if (state.text !== "") params.text = state.text;
  if (state.filters.length > 0) params.filter = formatFilters(state.filters);
  if (state.columns.join() !== DEFAULT_COLUMNS.join()) params.cols = state.columns.join(",");
  const order = `${state.order.down ? "-" : ""}${state.order.column}`;
  if (order !== "-time") params.order = order;
  if (state.limit !== DEFAULT_LIMIT) params.limit = String(state.limit);
  if (state.revisions) params.revisions = "yes";
  if (state.sql !== "") params.sql = state.sql;
  if (state.row !== undefined) params.row = state.row;
  if (state.field !== DEFAULT_FIELD) params.field = state.field === "" ? "none" : state.field;
  return params;
}

/** What of a state is kept under a name: not which row was open. */
export function kept(state: State): Params {
  return format({ ...state, row: undefined });
}

/** Texts of what was kept, whatever somebody made of it. */
export function restored(content: unknown): Params {
  if (typeof content !== "object" || content === null) return {};
  const texts = Object.entries(content).filter((pair): pair is [string, string] => typeof pair[1] === "string");
  return format(parse(Object.fromEntries(texts)));
}

const SPANS: Record<Exclude<Last, "all">, number> = {
  "15m": 900_000,
  "1h": 3_600_000,
  "6h": 21_600_000,
  "24h": 86_400_000,
  "7d": 604_800_000,
  "30d": 2_592_000_000,
};

/** Bounds of a range that is asked at a moment. What is yet to come bounds nothing. */
export function bounds(range: Range, at: number): { from?: number; to?: number } {
  if (!("last" in range)) return range;
  return range.last === "all" ? {} : { from: at - SPANS[range.last] };
}

/** Adds a condition. One more value of the same field widens the condition that there is. */
export function withFilter(filters: readonly Filter[], added: Filter): Filter[] {
  const [value] = added.values;
  // What is asked for must not be excluded at the same time, and the other way round.
  const other = added.op === "is" ? "not" : added.op === "not" ? "is" : undefined;
  const left = filters.flatMap((f) => {
    if (f.field !== added.field || f.op !== other || value === undefined) return [f];
    const values = f.values.filter((v) => !added.values.includes(v));
    return values.length > 0 ? [{ ...f, values }] : [];
  });
  const at = other === undefined ? -1 : left.findIndex((f) => f.field === added.field && f.op === added.op);
  const same = left[at];
  if (same) {
    const values = [...same.values, ...added.values.filter((v) => !same.values.includes(v))];
    return left.with(at, { ...same, values });
  }
  const key = formatFilters([added]);
  return left.some((f) => formatFilters([f]) === key) ? left : [...left, added];
}

/** The condition that a value of a row stands for; an absent value is "is empty". */
export function filterFor(field: string, value: unknown, wanted: boolean): Filter {
  if (shown(value) === "") return { field, op: wanted ? "empty" : "filled", values: [] };
  return { field, op: wanted ? "is" : "not", values: [shown(value)] };
}
