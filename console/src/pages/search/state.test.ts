import { describe, expect, it } from "vitest";
import { DEFAULT_COLUMNS } from "./columns";
import {
  type Filter,
  type State,
  bounds,
  filterFor,
  format,
  formatFilters,
  kept,
  parse,
  parseFilters,
  restored,
  withFilter,
} from "./state";

const hostile = [
  "",
  " ",
  "a,b",
  "a:b",
  "a|b",
  "\\",
  "a\\",
  "\\,",
  "'; DROP TABLE events --",
  "%_",
  "\n",
  "‮abc",
  '"',
  "𝒳",
  "a\\|b,c:d",
];

describe("filters in the address", () => {
  it("come back as they were, whatever they hold", () => {
    for (const one of hostile) {
      for (const two of hostile) {
        const filters: Filter[] = [
          { field: "agent", op: "is", values: [one, two] },
          { field: "ocsf.sip.user_agent", op: "has", values: [two] },
          { field: "caller", op: "empty", values: [] },
        ];
        expect(parseFilters(formatFilters(filters))).toEqual(filters);
      }
    }
  });

  it("that are not understood are left out", () => {
    expect(parseFilters("agent:is:A1,nope:is:x,agent:like:x,1=1:is:x,ocsf.a') OR 1=1:is:x,,:::")).toEqual([
      { field: "agent", op: "is", values: ["A1"] },
    ]);
  });
});

describe("the address", () => {
  const whole: State = {
    mode: "sql",
    range: { from: 1_700_000_000_000, to: 1_700_000_100_000 },
    text: 'failed "for invalid" user',
    filters: [{ field: "severity_id", op: "gt", values: ["2"] }],
    columns: ["time", "ocsf.sip.method", "agent"],
    order: { column: "agent", down: false },
    limit: 5_000,
    revisions: true,
    sql: "SELECT 1",
    row: "abc",
    field: "agent",
  };

  it("keeps a state", () => {
    expect(parse(format(whole))).toEqual(whole);
    const simple: State = { ...whole, mode: "simple", range: { last: "7d" }, field: "" };
    expect(parse(format(simple))).toEqual(simple);
    const open: State = { ...simple, range: { from: 5 } };
    expect(parse(format(open))).toEqual(open);
  });

  it("says nothing of what is as usual", () => {
    expect(format(parse({}))).toEqual({});
    expect(parse({}).columns).toEqual(DEFAULT_COLUMNS);
  });

  it("with only SQL shows the SQL", () => {
    expect(parse({ sql: "SELECT 1" }).mode).toBe("sql");
    expect(format(parse({ sql: "SELECT 1" }))).toEqual({ sql: "SELECT 1" });
    expect(parse({ sql: "SELECT 1", mode: "simple" }).mode).toBe("simple");
    expect(parse(format({ ...parse({}), mode: "sql" })).mode).toBe("sql");
  });

  it("with nonsense is as usual", () => {
    const odd = parse({
      last: "1y",
      from: "x",
      cols: "1=1,nope",
      order: "-nope",
      limit: "9e9",
      field: "raw",
      mode: "?",
    });
    expect(format(odd)).toEqual({});
    expect(parse({ from: "99999999999999999999" }).range).toEqual({ last: "1h" });
  });

  it("takes times as milliseconds and as dates", () => {
    expect(parse({ from: "2026-01-01T00:00:00Z", to: "1767225600001" }).range).toEqual({
      from: 1767225600000,
      to: 1767225600001,
    });
  });
});

describe("what is kept", () => {
  it("leaves the open row out and survives anything", () => {
    expect(kept(parse({ text: "x", row: "abc" }))).toEqual({ text: "x" });
    expect(restored({ text: "x", filter: 7, cols: "agent", evil: "1" })).toEqual({ text: "x", cols: "agent" });
    expect(restored(null)).toEqual({});
    expect(restored("x")).toEqual({});
  });
});

describe("bounds", () => {
  it("end at the moment of asking, or are open", () => {
    expect(bounds({ last: "15m" }, 1_000_000)).toEqual({ from: 100_000 });
    expect(bounds({ last: "all" }, 5)).toEqual({});
    expect(bounds({ to: 7 }, 5)).toEqual({ to: 7 });
  });
});

describe("adding a condition", () => {
  const is = (...values: string[]): Filter => ({ field: "agent", op: "is", values });
  const not = (...values: string[]): Filter => ({ field: "agent", op: "not", values });
  it("widens the one that there is", () => {
    expect(withFilter([is("a")], is("b"))).toEqual([is("a", "b")]);
    expect(withFilter([is("a")], is("a"))).toEqual([is("a")]);
  });
  it("takes the opposite back", () => {
    expect(withFilter([is("a", "b")], not("a"))).toEqual([is("b"), not("a")]);
    expect(withFilter([not("a")], is("a"))).toEqual([is("a")]);
  });
  it("adds others beside it, once", () => {
    const has: Filter = { field: "agent", op: "has", values: ["a"] };
    expect(withFilter([has], { ...has, values: ["b"] })).toHaveLength(2);
    expect(withFilter([has], has)).toEqual([has]);
  });
  it("stands for the value of a row", () => {
    expect(filterFor("agent", "A1", true)).toEqual({ field: "agent", op: "is", values: ["A1"] });
    expect(filterFor("agent", null, true)).toEqual({ field: "agent", op: "empty", values: [] });
    expect(filterFor("agent", "", false)).toEqual({ field: "agent", op: "filled", values: [] });
    expect(filterFor("class_uid", 3002, false)).toEqual({ field: "class_uid", op: "not", values: ["3002"] });
  });
});
