import { describe, expect, it } from "vitest";
import { narrowed, plainOf, tokens } from "./plain";

describe("words of SQL", () => {
  it("are told from texts and comments", () => {
    const found = tokens(`SELECT 'it''s -- no' , "a""b" -- FROM x\n FROM events /* ' */`);
    expect(found.map((t) => t.kind)).toEqual(["word", "text", "sign", "name", "comment", "word", "word", "comment"]);
  });
  it("end, whatever the text", () => {
    for (const text of ["'", '"', "/*", "((", "))", "", "\u0000", "𝒳 'é", "`"])
      expect(tokens(text).length).toBeLessThan(4);
  });
});

describe("a plain list of events", () => {
  it("is taken apart", () => {
    expect(plainOf("select * from events")?.conditions).toEqual([]);
    expect(
      plainOf("SELECT time, lower(message) AS m FROM Events AS e WHERE e.agent = 'x;' -- hi\nORDER BY time LIMIT 5;"),
    ).toMatchObject({
      table: "Events AS e",
      conditions: ["(e.agent = 'x;')"],
    });
    expect(plainOf(`SELECT "count" FROM "events" LIMIT 3`)?.conditions).toEqual([]);
    expect(
      plainOf(
        "SELECT time FROM events WHERE call_uid IN (SELECT call_uid FROM events WHERE class_uid = 3002 GROUP BY 1)",
      ),
    ).toMatchObject({
      conditions: ["(call_uid IN (SELECT call_uid FROM events WHERE class_uid = 3002 GROUP BY 1))"],
    });
  });

  it("may hold texts right behind a sign", () => {
    for (const where of ["agent IN ('x','y')", "agent='x'", "lower(agent) LIKE ('%;%')", "agent <> E'x'"]) {
      const found = plainOf(`SELECT * FROM events WHERE ${where}`);
      expect(found?.conditions, where).toEqual(where.includes("E'") ? undefined : [`(${where})`]);
    }
  });

  it("is nothing that makes other rows of them", () => {
    for (const sql of [
      "SELECT agent, count(*) FROM events GROUP BY agent",
      "SELECT count(*) FROM events",
      "SELECT max (time) FROM events",
      "SELECT DISTINCT agent FROM events",
      "SELECT row_number() OVER (ORDER BY time) FROM events",
      "SELECT * FROM events a JOIN events b ON a.agent = b.agent",
      "SELECT * FROM events, events b",
      "SELECT * FROM (SELECT * FROM events)",
      "SELECT (SELECT 1) FROM events",
      "WITH w AS (SELECT 1) SELECT * FROM events",
      "SELECT * FROM events UNION ALL SELECT * FROM events",
      "SELECT * FROM event",
      "SELECT * FROM public.events",
      "SELECT 1",
      "SELECT * FROM events; SELECT 1",
      "SELECT E'\\'' FROM events",
      "SELECT $$ FROM $$ FROM events",
      "SELECT * FROM events WHERE",
      "SELECT * FROM events /* /* */ WHERE a = 1 */",
      "",
    ]) {
      expect(plainOf(sql), sql).toBeUndefined();
    }
  });
});

describe("narrowing", () => {
  it("adds a condition and keeps the rest", () => {
    expect(narrowed("SELECT * FROM events LIMIT 5", "agent = 'x'")).toBe(
      "SELECT * FROM events\nWHERE agent = 'x' LIMIT 5",
    );
    expect(narrowed("SELECT * FROM events WHERE a = 1 ORDER BY time", "b = 2")).toBe(
      "SELECT * FROM events WHERE a = 1\n  AND b = 2 ORDER BY time",
    );
    expect(narrowed("SELECT * FROM events WHERE a = 1 OR c = 3", "b = 2")).toBe(
      "SELECT * FROM events WHERE (a = 1 OR c = 3)\n  AND b = 2",
    );
    expect(narrowed("SELECT * FROM events WHERE a = 1 -- note\nLIMIT 5", "b = 2")).toBe(
      "SELECT * FROM events WHERE a = 1\n  AND b = 2 -- note\nLIMIT 5",
    );
    expect(narrowed("SELECT count(*) FROM events", "b = 2")).toBeUndefined();
  });
  it("can be done again", () => {
    const once = narrowed("SELECT * FROM events", "a = 1") ?? "";
    expect(narrowed(once, "b = 2")).toBe("SELECT * FROM events\nWHERE a = 1\n  AND b = 2");
  });
});
