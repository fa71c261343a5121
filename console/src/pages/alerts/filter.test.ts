import { describe, expect, it } from "vitest";
import type { Alert } from "../../api/queries";
import { countFilters, matches, readSearch, sameView, searchOf, toFilter, toQuery, writeSearch } from "./filter";

const alert = (over: Partial<Alert> = {}): Alert =>
  ({
    id: "01A",
    status: "open",
    severity_id: 4,
    entity_kind: "agent",
    entity_value: "A4053",
    story_key: "agent:A4053",
    program: "default",
    assignee: null,
    rule_id: "r1",
    title: "Bulk look-up of customer records",
    message: "Agent A4053 opened 41 customer records in 6 min",
    ...over,
  }) as Alert;

describe("the address and back", () => {
  it("means open and acknowledged, most severe first, when it says nothing", () => {
    const view = readSearch({});
    expect(view.status).toEqual(["open", "acknowledged"]);
    expect(view.order).toBe("most_severe");
    expect(writeSearch(view)).toEqual({});
    expect(toQuery(view, "ann")).toEqual({ order: "most_severe", status: "open,acknowledged" });
  });

  it("survives the round trip", () => {
    for (const search of [
      { status: "closed", severity: "high", text: "premium", order: "newest" },
      { status: "any", entity: "agent:A4053", rule: "r1", program: "bank", assignee: "me" },
      { entity: ":2001:db8::1", assignee: "nobody" },
      { assignee: "=me" },
    ])
      expect(writeSearch(readSearch(search))).toEqual(search);
  });

  it("takes what people and other pages write", () => {
    expect(readSearch({ severity: "4" }).severity).toBe(4);
    expect(readSearch({ severity: "worst" }).severity).toBe(0);
    expect(readSearch({ status: "nonsense" }).status).toEqual(["open", "acknowledged"]);
    expect(readSearch({ status: "closed,open" }).status).toEqual(["open", "closed"]);
    expect(readSearch({ entity: "A4053" }).entity).toEqual({ kind: "", value: "A4053" });
    expect(readSearch({ entity: "src_ip:fe80::1" }).entity).toEqual({ kind: "src_ip", value: "fe80::1" });
    expect(readSearch({ entity: "2001:db8::1" }).entity).toEqual({ kind: "", value: "2001:db8::1" });
    expect(readSearch({ assignee: "bo" }).assignee).toBe("=bo");
  });

  it("asks the server for people by name", () => {
    expect(toFilter(readSearch({ assignee: "me" }), "ann").assignee).toBe("ann");
    expect(toFilter(readSearch({ assignee: "nobody" }), "ann").assignee).toBe("");
    expect(toFilter(readSearch({ assignee: "=me" }), "ann").assignee).toBe("me");
    expect(toFilter(readSearch({}), "ann")).toEqual({ status: ["open", "acknowledged"] });
  });

  it("counts what is folded away and compares views", () => {
    expect(countFilters(readSearch({}))).toBe(0);
    expect(countFilters(readSearch({ status: "closed", severity: "low", assignee: "me" }))).toBe(3);
    expect(sameView({ at: "x", severity: "4" }, { severity: "high" })).toBe(true);
    expect(sameView({ status: "any" }, {})).toBe(false);
  });

  it("reads saved content of anybody", () => {
    expect(searchOf({ severity: "high", at: "x", evil: { a: 1 }, text: 7 })).toEqual({ severity: "high" });
    expect(searchOf(null)).toEqual({});
  });
});

describe("matches", () => {
  const at = (search: Parameters<typeof readSearch>[0], a = alert()) => matches(a, readSearch(search), "ann");

  it("judges as the server does", () => {
    expect(at({})).toBe(true);
    expect(at({}, alert({ status: "closed" }))).toBe(false);
    expect(at({ status: "any" }, alert({ status: "closed" }))).toBe(true);
    expect(at({ severity: "high" })).toBe(true);
    expect(at({ severity: "critical" })).toBe(false);
    expect(at({ text: "CUSTOMER records" })).toBe(true);
    expect(at({ text: "premium" })).toBe(false);
    expect(at({ entity: "agent:A4053" })).toBe(true);
    expect(at({ entity: "device:A4053" })).toBe(false);
    expect(at({ entity: "A4053" })).toBe(true);
    expect(at({ program: "bank" })).toBe(false);
    expect(at({ assignee: "nobody" })).toBe(true);
    expect(at({ assignee: "me" }, alert({ assignee: "ann" }))).toBe(true);
    expect(at({ assignee: "me" })).toBe(false);
  });

  it("cannot know whether another rule found something too", () => {
    expect(at({ rule: "r1" })).toBe(true);
    expect(at({ rule: "r2" })).toBe("maybe");
    expect(at({ rule: "r2", severity: "critical" })).toBe(false);
  });
});
