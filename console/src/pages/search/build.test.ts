import { describe, expect, it } from "vitest";
import { quoted } from "../../lib/sql";
import {
  condition,
  conditions,
  histogramSql,
  rowSql,
  selectSql,
  simpleSource,
  terms,
  valuesSql,
  wrongWith,
} from "./build";
import { tokens } from "./plain";
import { type Filter, type Op, parse } from "./state";

const AT = Date.UTC(2026, 0, 2, 3, 4, 5, 6);
const f = (field: string, op: Op, ...values: string[]): Filter => ({ field, op, values });

/** Text that tries to leave its literal. */
const hostile = [
  "'",
  "''",
  "' OR 1=1 --",
  "'; DROP TABLE events; --",
  "\\'",
  "\\",
  "/* ' */",
  "-- '",
  "$$x$$",
  "%' OR raw LIKE '%",
  "\n'\n",
  "\u0000'",
  "’",
  '"',
  "`",
  "𝒳'",
  "‮'",
];

/** SQL without its literals: what is left must be the same for every value. */
const skeleton = (sql: string): string =>
  tokens(sql)
    .map((t) => (t.kind === "text" ? "?" : t.text))
    .join(" ");

describe("values", () => {
  it("never leave their literal", () => {
    for (const op of ["is", "not", "has", "hasnot", "starts"] as const) {
      for (const field of ["agent", "ocsf.sip.user_agent"]) {
        const calm = skeleton(condition(f(field, op, "x", "y")) ?? "");
        for (const value of hostile) {
          const sql = condition(f(field, op, value, "y")) ?? "";
          expect(skeleton(sql), value).toBe(calm);
          expect(tokens(sql).every((t) => t.depth >= 0 && !(t.kind === "text" && !t.text.endsWith("'")))).toBe(true);
        }
      }
    }
  });

  it("of the text box never leave theirs", () => {
    const calm = skeleton(conditions({ ...parse({}), text: '"x"' }, AT).join(" AND "));
    for (const value of hostile.filter((v) => !v.includes('"') && v.trim() !== "")) {
      expect(skeleton(conditions({ ...parse({}), text: `"${value}"` }, AT).join(" AND ")), value).toBe(calm);
    }
  });

  it("are quoted by doubling", () => expect(quoted("a'b\\'c")).toBe("'a''b\\''c'"));

  it("that are no numbers, times or days are not asked", () => {
    expect(condition(f("severity_id", "gt", "1; DROP TABLE events"))).toBeUndefined();
    expect(condition(f("severity_id", "gt", "1e9"))).toBeUndefined();
    expect(condition(f("severity_id", "gt", " 2 "))).toBe("severity_id > 2");
    expect(condition(f("day", "is", "2026-13-01"))).toBeUndefined();
    expect(condition(f("day", "is", "2026-01-31"))).toBe("day = DATE '2026-01-31'");
    expect(condition(f("received_time", "gt", "now()"))).toBeUndefined();
    expect(condition(f("received_time", "gt", "2026-01-01T00:00:00Z"))).toBe(
      "received_time > TIMESTAMP '2026-01-01T00:00:00.000+00:00'",
    );
    expect(wrongWith(f("severity_id", "is", "x"))).toMatch(/number/);
  });
});

describe("operators", () => {
  it("say what they mean", () => {
    expect(condition(f("agent", "is", "a"))).toBe("agent = 'a'");
    expect(condition(f("agent", "is", "a", "b"))).toBe("agent IN ('a', 'b')");
    expect(condition(f("agent", "not", "a"))).toBe("(agent IS DISTINCT FROM 'a')");
    expect(condition(f("agent", "not", "a", "b"))).toBe("(agent NOT IN ('a', 'b') OR agent IS NULL)");
    expect(condition(f("agent", "has", "50%_\\"))).toBe("agent ILIKE '%50\\%\\_\\\\%'");
    expect(condition(f("agent", "starts", "A"))).toBe("agent ILIKE 'A%'");
    expect(condition(f("agent", "empty"))).toBe("(agent IS NULL OR agent = '')");
    expect(condition(f("severity_id", "filled"))).toBe("severity_id IS NOT NULL");
    expect(condition(f("severity_id", "lt", "3"))).toBe("severity_id < 3");
    expect(condition(f("ocsf.sip.method", "is", "INVITE"))).toBe("ocsf_get(ocsf, 'sip.method') = 'INVITE'");
  });

  it("that do not fit a field, and fields that there are not, give nothing", () => {
    expect(condition(f("severity_id", "has", "3"))).toBeUndefined();
    expect(condition(f("agent", "gt", "3"))).toBeUndefined();
    expect(condition(f("agent", "has", ""))).toBeUndefined();
    expect(condition(f("agent", "is"))).toBeUndefined();
    expect(condition(f("1=1 OR agent", "is", "x"))).toBeUndefined();
  });
});

describe("the text box", () => {
  it("takes words, and words in quotes as one", () => {
    expect(terms('failed "for invalid  user" root')).toEqual(["failed", "for invalid  user", "root"]);
    expect(terms('  "" "open ')).toEqual(["open"]);
    expect(terms("")).toEqual([]);
  });
});

describe("questions", () => {
  const state = parse({
    text: "O'Hara",
    filter: "agent:is:A1,severity_id:gt:x",
    cols: "time,ocsf.sip.method",
    order: "agent",
  });

  it("are built of all conditions that can be asked", () => {
    expect(selectSql(state, AT)).toBe(
      `SELECT time, ocsf_get(ocsf, 'sip.method') AS "ocsf.sip.method", event_id
FROM events
WHERE time >= TIMESTAMP '2026-01-02T02:04:05.006+00:00'
  AND (message ILIKE '%O''Hara%' OR raw ILIKE '%O''Hara%')
  AND agent = 'A1'
  AND (class_uid <> 0 OR message IS DISTINCT FROM 'call facts revised')
ORDER BY agent ASC NULLS LAST`,
    );
  });

  it("beside it ask about the same rows", () => {
    const where = /WHERE [\s\S]*?(?=\n(?:ORDER|GROUP|$))/.exec(selectSql(state, AT))?.[0];
    const source = simpleSource(state, AT);
    expect(where).toBeDefined();
    expect(histogramSql(source, 60_000, AT)).toContain(where);
    expect(valuesSql(source, "agent", 10)).toContain(where);
  });

  it("without conditions have no WHERE", () => {
    expect(selectSql(parse({ last: "all", revisions: "yes" }), AT)).not.toContain("WHERE");
    expect(selectSql(parse({ from: "1000", to: "2000" }), AT)).toContain(
      "WHERE time >= TIMESTAMP '1970-01-01T00:00:01.000+00:00'\n  AND time < TIMESTAMP '1970-01-01T00:00:02.000+00:00'",
    );
  });

  it("for one row quote its id", () => {
    expect(rowSql("x' OR '1'='1", 1_000)).toContain("event_id = 'x'' OR ''1''=''1'");
  });
});
