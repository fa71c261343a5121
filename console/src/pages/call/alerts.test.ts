import { expect, it } from "vitest";
import type { AlertDetail } from "../../api/queries";
import { concerns, entitiesOf, rulesOf } from "./alerts";
import { call, event } from "./fixture";
import { storyOf } from "./story";

const detail = (finding_count: number, event_ids: unknown): AlertDetail =>
  ({
    alert: { finding_count },
    rules: [{ rule_id: "r1" }],
    findings: [{ event_ids }],
  }) as unknown as AlertDetail;

it("takes an alert for the call's by the events that were found", () => {
  const mine = new Set(["e1", "e2"]);
  expect(concerns(detail(1, ["e2"]), mine, new Set(["r1"]))).toBe(true);
  expect(concerns(detail(1, ["other"]), mine, new Set(["r1"]))).toBe(false);
  expect(concerns(detail(1, undefined), mine, new Set(["r1"]))).toBe(false);
});

it("goes by the rule where findings were left out", () => {
  expect(concerns(detail(500, ["other"]), new Set(["e1"]), new Set(["r1"]))).toBe(true);
  expect(concerns(detail(500, ["other"]), new Set(["e1"]), new Set(["r2"]))).toBe(false);
});

it("asks about each who took part once", () => {
  const story = storyOf([
    call(0, 1, { agent: "A1", customer: "C-1" }),
    call(5, 3, { agent: "A1" }),
    call(9, 1, { agent: "A1" }),
  ]);
  expect(entitiesOf(story, "c1")).toEqual([
    ["call", "c1"],
    ["agent", "A1"],
    ["caller", "+12045550100"],
    ["customer", "C-1"],
  ]);
  expect(rulesOf([event(0, 6001, 2, { findings: ["r1"] }), event(0, 2004, 1, { rule_id: "r2" })])).toEqual(
    new Set(["r1", "r2"]),
  );
});
