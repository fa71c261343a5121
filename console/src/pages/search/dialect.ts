/** The words of the engine's SQL: DataFusion, `SELECT` only. */

export const KEYWORDS: ReadonlySet<string> = new Set(
  "SELECT DISTINCT FROM WHERE AND OR NOT IN IS NULL LIKE ILIKE BETWEEN EXISTS CASE WHEN THEN ELSE END AS JOIN INNER LEFT RIGHT FULL OUTER CROSS ON USING GROUP BY HAVING ORDER ASC DESC NULLS FIRST LAST LIMIT OFFSET UNION ALL INTERSECT EXCEPT WITH OVER PARTITION ROWS RANGE FILTER INTERVAL TIMESTAMP DATE CAST EXTRACT TRUE FALSE ESCAPE SIMILAR TO ANY SOME".split(
    " ",
  ),
);

export interface Fn {
  name: string;
  /** What goes in. */
  takes: string;
  /** What comes out. */
  help: string;
}

const fn = (name: string, takes: string, help: string): Fn => ({ name, takes, help });

/** Functions worth offering. The engine knows some more. */
export const FUNCTIONS: readonly Fn[] = [
  fn("ocsf_get", "ocsf, 'path.to.field'", "A value inside the OCSF document, as text"),
  fn("date_bin", "INTERVAL '5 minutes', time", "The beginning of the stretch that a time lies in"),
  fn("date_trunc", "'hour', time", "A time cut to the hour, day, week, month"),
  fn("date_part", "'hour', time", "The hour, day, dow (0 Sunday) … of a time"),
  fn("to_char", "time, '%H:%M'", "A time as text"),
  fn("to_timestamp", "text", "A text as time"),
  fn("to_timestamp_millis", "number", "Milliseconds since 1970 as time"),
  fn("to_unixtime", "time", "Seconds since 1970"),
  fn("count", "*", "How many rows, or how many with a value"),
  fn("sum", "number", "The sum"),
  fn("avg", "number", "The mean"),
  fn("min", "value", "The least, the earliest"),
  fn("max", "value", "The most, the latest"),
  fn("median", "number", "The middle value"),
  fn("stddev", "number", "How far values stray"),
  fn("approx_distinct", "value", "About how many different values; quick"),
  fn("approx_percentile_cont", "number, 0.95", "About the value that 95 % are below"),
  fn("array_agg", "value", "All values as a list"),
  fn("string_agg", "text, ', '", "All texts as one"),
  fn("first_value", "value ORDER BY time", "The value of the first row"),
  fn("last_value", "value ORDER BY time", "The value of the last row"),
  fn("bool_or", "condition", "Whether it holds for any row"),
  fn("bool_and", "condition", "Whether it holds for all rows"),
  fn("corr", "a, b", "How two numbers go together"),
  fn("row_number", "", "The number of a row, with OVER"),
  fn("rank", "", "The rank of a row, with OVER"),
  fn("lag", "value", "The value of the row before, with OVER"),
  fn("lead", "value", "The value of the next row, with OVER"),
  fn("lower", "text", "In lower case"),
  fn("upper", "text", "In upper case"),
  fn("length", "text", "How many characters"),
  fn("trim", "text", "Without spaces around it"),
  fn("substr", "text, from, length", "A part of a text; counts from 1"),
  fn("left", "text, n", "The first characters"),
  fn("right", "text, n", "The last characters"),
  fn("split_part", "text, '.', 1", "One of the parts between separators"),
  fn("strpos", "text, 'part'", "Where a part begins; 0 when it is not there"),
  fn("contains", "text, 'part'", "Whether a text holds a part"),
  fn("starts_with", "text, 'part'", "Whether a text begins so"),
  fn("ends_with", "text, 'part'", "Whether a text ends so"),
  fn("replace", "text, 'a', 'b'", "With every a as b"),
  fn("concat", "a, b", "Texts one after the other"),
  fn("concat_ws", "', ', a, b", "Texts with something between them"),
  fn("regexp_like", "text, 'pattern'", "Whether a pattern is found"),
  fn("regexp_replace", "text, 'pattern', 'by', 'g'", "With what a pattern finds replaced"),
  fn("regexp_count", "text, 'pattern'", "How often a pattern is found"),
  fn("levenshtein", "a, b", "How many characters two texts differ by"),
  fn("coalesce", "a, b", "The first that is not empty"),
  fn("nullif", "a, b", "a, or nothing where it equals b"),
  fn("greatest", "a, b", "The greater"),
  fn("least", "a, b", "The lesser"),
  fn("round", "number, places", "Rounded"),
  fn("floor", "number", "Rounded down"),
  fn("ceil", "number", "Rounded up"),
  fn("abs", "number", "Without its sign"),
  fn("arrow_typeof", "value", "The type of a value"),
];

export interface Example {
  name: string;
  sql: string;
}

/** Questions that people have, to begin with. */
export const EXAMPLES: readonly Example[] = [
  {
    name: "Record look-ups without a call, by agent",
    sql: `SELECT agent, count(*) AS look_ups, count(DISTINCT customer) AS customers, max(time) AS last
FROM events
WHERE class_uid = 6001 AND call_state = 'none'
GROUP BY agent
ORDER BY look_ups DESC`,
  },
  {
    name: "Failed sign-ins by address",
    sql: `SELECT src_ip, count(*) AS failed, count(DISTINCT user_name) AS users, min(time) AS first, max(time) AS last
FROM events
WHERE class_uid = 3002 AND status = 'Failure'
GROUP BY src_ip
ORDER BY failed DESC`,
  },
  {
    name: "SIP requests by user agent",
    sql: `SELECT ocsf_get(ocsf, 'sip.user_agent') AS user_agent, ocsf_get(ocsf, 'sip.method') AS method, count(*) AS n
FROM events
WHERE class_uid = 99904005
GROUP BY user_agent, method
ORDER BY n DESC`,
  },
  {
    name: "Calls per quarter of an hour",
    sql: `SELECT date_bin(INTERVAL '15 minutes', time) AS quarter, count(DISTINCT call_uid) AS calls
FROM events
WHERE class_uid = 99904001
GROUP BY quarter
ORDER BY quarter DESC`,
  },
  {
    name: "Customers looked up by many agents",
    sql: `SELECT customer, count(DISTINCT agent) AS agents, count(*) AS look_ups
FROM events
WHERE class_uid = 6001 AND customer IS NOT NULL
GROUP BY customer
HAVING count(DISTINCT agent) > 3
ORDER BY agents DESC`,
  },
  {
    name: "The latest findings",
    sql: `SELECT time, severity, message, agent, customer, call_uid, src_ip, event_id
FROM events
WHERE class_uid = 2004
ORDER BY time DESC`,
  },
];
