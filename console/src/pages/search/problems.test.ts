import { describe, expect, it } from "vitest";
import { Problem } from "../../api/client";
import { explain, nearest, placeOf, tidy } from "./problems";

describe("places in SQL", () => {
  it("are read in both ways in which the server writes them", () => {
    expect(placeOf("Valid fields are events.time. (line 1, column 8)")).toEqual({ line: 1, column: 8 });
    expect(placeOf('ParserError("Expected: an SQL statement, found: selec at Line: 2, Column: 13")')).toEqual({
      line: 2,
      column: 13,
    });
    expect(placeOf("DELETE is not allowed here (line 3, column 1): the lake answers a single SELECT")).toEqual({
      line: 3,
      column: 1,
    });
    expect(placeOf("the query failed: Divide by zero")).toBeUndefined();
  });
});

describe("sentences of the server", () => {
  it("lose what only its programmers read", () => {
    expect(
      tidy(
        "the query cannot be planned: Error during planning: Invalid function 'nope'.\nDid you mean 'now'? (line 1, column 14)",
      ),
    ).toBe("Invalid function 'nope'.\nDid you mean 'now'?");
    expect(
      tidy(
        'the query is not valid SQL: SQL error: ParserError("Expected: an SQL statement, found: selec at Line: 1, Column: 1")',
      ),
    ).toBe("Expected: an SQL statement, found: selec");
    expect(tidy("the query failed: Arrow error: Divide by zero error")).toBe("Divide by zero error");
  });
  it("name the column that was likely meant", () => {
    expect(
      tidy(
        "the query cannot be planned: Schema error: No field named agnet.\nValid fields are events.time, events.agent.",
      ),
    ).toBe("There is no column agnet. Did you mean agent?");
    expect(
      tidy('the query cannot be planned: Schema error: No field named "Call UID".\nValid fields are events.time.'),
    ).toMatch(/^No field|^There/);
    expect(nearest("zzzzzzzz")).toBeUndefined();
  });
});

describe("problems", () => {
  it("each say what to do", () => {
    for (const type of ["query-timeout", "query-memory", "query-crashed", "unavailable"]) {
      const said = explain(new Problem(422, `urn:ringfence:${type}`, "t", "d"));
      expect(said.kind).not.toBe("other");
      expect(said.advice.length).toBeGreaterThan(0);
    }
    expect(
      new Set(
        ["query-timeout", "query-memory", "query-crashed", "unavailable"].map(
          (t) => explain(new Problem(422, `urn:ringfence:${t}`, "", "")).title,
        ),
      ).size,
    ).toBe(4);
  });
  it("of the text have a place", () => {
    expect(explain(new Problem(400, "urn:ringfence:invalid", "t", "x (line 1, column 8)")).place).toEqual({
      line: 1,
      column: 8,
    });
  });
});
