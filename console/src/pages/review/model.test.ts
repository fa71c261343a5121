import { expect, test } from "vitest";
import { type Item, isUnused, matching, mayConfirm, mayTake, showOf } from "./model";

const item = (change: Partial<Item>): Item => ({
  id: "i",
  held_id: "h",
  principal_id: "ben",
  kind: "person",
  name: "Ben",
  role: "analyst",
  program: "bank",
  reserve: false,
  why: "covers the night",
  granted_by: "Ada",
  granted_ms: 0,
  expires_ms: null,
  disabled: false,
  last_used_ms: null,
  dormant: false,
  rights: { since_ms: 0, used: [], unused: ["event:query"], superfluous: false },
  decision: null,
  decided_by: null,
  decided_by_name: null,
  decided_ms: null,
  note: "",
  ...change,
});

test("a role is unused when nothing that only it gives was used", () => {
  const rights = { since_ms: 0, used: [], unused: [], superfluous: false };
  expect(isUnused(item({}))).toBe(true);
  expect(isUnused(item({ rights: { ...rights, used: ["event:query"] } }))).toBe(false);
  expect(isUnused(item({ rights: { ...rights, superfluous: true } }))).toBe(true);
  expect(isUnused(item({ rights: null }))).toBe(false);
});

test("a filter and a text leave what fits both", () => {
  const all = [
    item({ id: "1" }),
    item({ id: "2", name: "Cleo", decision: "confirmed" }),
    item({ id: "3", dormant: true, rights: null }),
  ];
  const ids = (show: Parameters<typeof matching>[1], text = "") => matching(all, show, text).map(({ id }) => id);
  expect(ids("all")).toEqual(["1", "2", "3"]);
  expect(ids("undecided")).toEqual(["1", "3"]);
  expect(ids("dormant")).toEqual(["3"]);
  expect(ids("unused")).toEqual(["1", "2"]);
  expect(ids("all", " CLEO")).toEqual(["2"]);
  expect(ids("undecided", "analyst in bank")).toEqual(["1", "3"]);
  expect([showOf("unused"), showOf("x"), showOf(undefined)]).toEqual(["unused", "all", "all"]);
});

test("nobody decides about their own roles, and what one confirmed another may take", () => {
  expect([mayConfirm(item({}), "ben"), mayTake(item({}), "ben")]).toEqual([false, false]);
  expect([mayConfirm(item({}), "ada"), mayTake(item({}), "ada")]).toEqual([true, true]);
  const confirmed = item({ decision: "confirmed" });
  expect([mayConfirm(confirmed, "ada"), mayTake(confirmed, "ada")]).toEqual([false, true]);
  expect(mayTake(item({ decision: "revoked" }), "ada")).toBe(false);
});
