/**
 * Reads SQL that a person wrote, as far as this page must: where its words are, and whether it is a
 * plain list of events, so that its WHERE can be counted over time without saying something untrue.
 */
import type { Source } from "./build";

export interface Token {
  kind: "word" | "name" | "text" | "number" | "comment" | "sign";
  text: string;
  from: number;
  to: number;
  /** How many brackets stand around it. */
  depth: number;
}

const TOKEN =
  /(?<space>\s+)|(?<comment>--[^\n]*|\/\*[\s\S]*?(?:\*\/|$))|(?<text>'(?:[^']|'')*(?:'|$))|(?<name>"(?:[^"]|"")*(?:"|$)|`[^`]*(?:`|$))|(?<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|(?<word>[\p{L}_][\p{L}\p{N}_]*)|(?<sign>[\s\S])/uy;

const KINDS = ["comment", "text", "name", "number", "word", "sign"] as const;

/** The words of SQL, spaces left out. Text that is no SQL gives tokens too. */
export function tokens(sql: string): Token[] {
  const all: Token[] = [];
  let depth = 0;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(sql); match?.groups; match = TOKEN.exec(sql)) {
    const [text] = match;
    const { groups } = match;
    const kind = KINDS.find((k) => groups[k] !== undefined);
    if (kind === undefined) continue;
    if (text === ")") depth = Math.max(depth - 1, 0);
    all.push({ kind, text, from: match.index, to: match.index + text.length, depth });
    if (text === "(") depth += 1;
  }
  return all;
}

/** These make one row of many, so that rows are no longer events. */
const AGGREGATES = new Set(
  "count sum avg mean min max median mode any_value array_agg string_agg approx_distinct approx_median approx_percentile_cont approx_percentile_cont_with_weight percentile_cont quantile_cont bit_and bit_or bit_xor bool_and bool_or corr covar covar_pop covar_samp first_value last_value nth_value grouping stddev stddev_pop stddev_samp var var_pop var_samp var_population var_sample regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy".split(
    " ",
  ),
);

const OTHER = new Set(
  "with union intersect except join group having distinct window qualify into fetch lateral cross natural values top over unnest".split(
    " ",
  ),
);
const AFTER = new Set(["where", "order", "limit", "offset"]);

/** A plain list of events, and where its parts stand in the text. */
export interface Plain extends Source {
  /** The text of WHERE without the word; nothing when there is none. */
  where?: { from: number; to: number; text: string; loose: boolean };
  /** Behind the table. */
  tableEnd: number;
}

/** Takes `SELECT … FROM events [WHERE …] [ORDER BY …] [LIMIT …]` apart; nothing when it is not that. */
export function plainOf(sql: string): Plain | undefined {
  const every = tokens(sql);
  // The server's comments nest, these do not.
  if (every.some((t) => t.kind === "comment" && t.text.lastIndexOf("/*") > 0)) return undefined;
  const all = every.filter((t) => t.kind !== "comment");
  while (all.at(-1)?.text === ";") all.pop();
  const word = (t: Token | undefined): string => (t?.kind === "word" ? t.text.toLowerCase() : "");
  // Texts such as E'…' and $$…$$ end elsewhere than they seem to.
  const odd = all.some((t, i) => {
    const before = all[i - 1];
    return t.text === "$" || (t.kind === "text" && before?.kind === "word" && before.to === t.from);
  });
  if (odd || word(all[0]) !== "select" || all.some((t) => t.text === ";")) return undefined;
  const top = all.filter((t) => t.depth === 0);
  if (top.some((t) => OTHER.has(word(t)))) return undefined;
  const fromAt = all.findIndex((t) => t.depth === 0 && word(t) === "from");
  const list = all.slice(1, fromAt);
  if (
    fromAt < 2 ||
    list.some((t, i) => ["select", "over"].includes(word(t)) || (AGGREGATES.has(word(t)) && list[i + 1]?.text === "("))
  ) {
    return undefined;
  }
  const table = all[fromAt + 1];
  if (!table || table.text.toLowerCase().replace(/^(["`])(.*)\1$/, "$2") !== "events") return undefined;
  let next = fromAt + 2;
  if (word(all[next]) === "as") next += 1;
  if (all[next] && !AFTER.has(word(all[next])) && ["word", "name"].includes(all[next]?.kind ?? "")) next += 1;
  const tableEnd = all[next - 1]?.to ?? table.to;
  const after = all[next];
  const source = { table: sql.slice(table.from, tableEnd), tableEnd };
  if (!after) return { ...source, conditions: [] };
  if (after.depth !== 0 || !AFTER.has(word(after))) return undefined;
  if (word(after) !== "where") return { ...source, conditions: [] };
  const end = all.findIndex((t, i) => i > next && t.depth === 0 && AFTER.has(word(t)));
  const inside = all.slice(next + 1, end < 0 ? undefined : end);
  const first = inside[0];
  const last = inside.at(-1);
  if (!first || !last) return undefined;
  const where = {
    from: first.from,
    to: last.to,
    text: sql.slice(first.from, last.to),
    loose: inside.some((t) => t.depth === 0 && word(t) === "or"),
  };
  return { ...source, where, conditions: [`(${where.text})`] };
}

/** The same list with one more condition; nothing when it is not a plain list. */
export function narrowed(sql: string, condition: string): string | undefined {
  const plain = plainOf(sql);
  if (!plain) return undefined;
  const { where } = plain;
  if (!where) return `${sql.slice(0, plain.tableEnd)}\nWHERE ${condition}${sql.slice(plain.tableEnd)}`;
  const before = where.loose ? `(${where.text})` : where.text;
  return `${sql.slice(0, where.from)}${before}\n  AND ${condition}${sql.slice(where.to)}`;
}
