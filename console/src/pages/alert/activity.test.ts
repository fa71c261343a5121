import { expect, it } from "vitest";
import { activityOf, sayChange } from "./activity";

const title = (id: string) => (id === "r1" ? "Bulk look-up" : undefined);
const did = (action: string, detail: unknown = {}) => sayChange({ action, detail }, title)?.did;

it("says what was done", () => {
  expect(did("opened", { rule_id: "r1" })).toBe("opened it: Bulk look-up");
  expect(did("opened", { rule_id: "gone" })).toBe("opened it");
  expect(did("escalated", { from: 4, to: 5 })).toBe("raised it from high to critical");
  expect(did("assigned", { from: null, to: "ann" })).toBe("assigned it to ann");
  expect(did("assigned", { from: "ann", to: "bo" })).toBe("passed it from ann to bo");
  expect(did("assigned", { from: "ann", to: null })).toBe("took it from ann; nobody has it");
  expect(did("closed", { verdict: "false_positive", reason: "x", was: null })).toBe("closed it as false positive");
  expect(did("closed", { verdict: "benign", reason: "x", was: "true_positive" })).toBe(
    "changed the verdict from true positive to benign",
  );
  expect(did("reopened", { was: "closed" })).toBe("opened it again");
  expect(did("some_new_thing", null)).toBe("some new thing");
});

it("puts notes and history in one order, each note once", () => {
  const all = activityOf(
    [{ id: "n1", at_ms: 20, actor: "ann", text: "hello" }],
    [
      { at_ms: 10, actor: "ringfence", action: "opened", detail: { rule_id: "r1" } },
      { at_ms: 20, actor: "ann", action: "noted", detail: {} },
      { at_ms: 30, actor: "ann", action: "closed", detail: { verdict: "benign", reason: "drill" } },
      { at_ms: 30, actor: "bo", action: "reopened", detail: {} },
    ],
    title,
  );
  expect(all.map((a) => `${a.actor} ${a.did} ${a.text ?? ""}`.trim())).toEqual([
    "bo opened it again",
    "ann closed it as benign drill",
    "ann wrote hello",
    "ringfence opened it: Bulk look-up",
  ]);
});
