import { expect, it } from "vitest";
import {
  filterOf,
  isFiltered,
  kindChoices,
  kindWord,
  manyWords,
  nameIn,
  rangeOf,
  rangeParams,
  tell,
  tellText,
} from "./model";

const WHEN = new Date(2026, 10, 23, 10, 31).getTime();
const UNTIL = new Date(2026, 10, 23, 10, 32, 24).getTime();
const RECORD = {
  kind: "authentication",
  who: "p-1",
  what: "Ada was not let in",
  when: WHEN,
  result: "failure",
  ocsf: { user: { uid: "p-1", name: "Ada" }, resources: [{ uid: "r-1", name: "crm" }], actor: { user: "nobody" } },
};

it("reads records, whatever is in them", () => {
  expect(tell(RECORD)).toMatchObject({ who: "p-1", when: WHEN, target: "", repeats: undefined });
  expect(tell({ who: 1, when: "now", ocsf: [], repeats: { count: "many" } })).toMatchObject({
    who: "",
    when: undefined,
    ocsf: undefined,
    repeats: undefined,
  });
  expect(tell({ when: 1e300 })?.when).toBeUndefined();
  for (const none of [null, "text", 1, []]) expect(tell(none)).toBeUndefined();
  expect(tellText(JSON.stringify(RECORD))?.what).toBe("Ada was not let in");
  expect(tellText("{")).toBeUndefined();
});

it("says what came again", () => {
  const said = (more: object) => manyWords(tell({ ...RECORD, ...more }) ?? expect.unreachable());
  expect(said({})).toBe("");
  expect(said({ repeats: { of: "x", count: 49, until: UNTIL } })).toBe(" and 49 times more until 10:32");
  expect(said({ repeats: { of: "x", count: 1, until: UNTIL } })).toBe(" and once more until 10:32");
  expect(said({ others: { from: "x", count: 936, until: UNTIL } })).toBe(": 936 of them until 10:32");
  expect(said({ repeats: { count: 2, until: UNTIL + 86_400_000 } })).toMatch(/^ and 2 times more until .*24.*10:32$/);
});

it("knows names by their ids", () => {
  const told = tell(RECORD) ?? expect.unreachable();
  expect(nameIn(told, "p-1")).toBe("Ada");
  expect(nameIn(told, "r-1")).toBe("crm");
  expect(nameIn(told, "p-2")).toBeUndefined();
});

it("has words for kinds, and keeps those that it does not know", () => {
  expect([kindWord("access_review"), kindWord("access-review"), kindWord("novel")]).toEqual([
    "Access review",
    "Access review",
    "novel",
  ]);
  expect(kindChoices("novel").at(-1)).toEqual({ value: "novel", label: "novel" });
  // The server is asked by the name that the log has.
  expect(kindChoices(undefined)).toContainEqual({ value: "access-review", label: "Access review" });
  expect(kindChoices("policy")).toEqual(kindChoices(undefined));
});

it("asks for what the address says", () => {
  expect(filterOf({}, WHEN)).toEqual({});
  expect(filterOf({ actor: "p-1", last: "1h" }, WHEN)).toEqual({ actor: "p-1", from_ms: WHEN - 3_600_000 });
  expect(filterOf({ kind: "policy", from: "5", to: "9" }, WHEN)).toEqual({ kind: "policy", from_ms: 5, until_ms: 9 });
  expect([isFiltered({}), isFiltered({ last: "all" }), isFiltered({ last: "1h" })]).toEqual([false, false, true]);
  expect(rangeOf({ last: "never", from: "-5" })).toEqual({ last: "all" });
  for (const range of [{ last: "7d" }, { from: 5 }, { to: 9 }, { from: 5, to: 9 }] as const)
    expect(rangeOf(rangeParams(range))).toEqual(range);
});
