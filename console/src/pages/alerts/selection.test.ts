import { describe, expect, it } from "vitest";
import { NOTHING, bulkFilter, isEmpty, isSelected, put, range, summarise, toggle } from "./selection";

const rows = ["a", "b", "c", "d", "e"].map((id) => ({ id }));

describe("selection", () => {
  it("takes ranges in both directions", () => {
    expect(range(rows, 1, 3)).toEqual(["b", "c", "d"]);
    expect(range(rows, 3, 1)).toEqual(["b", "c", "d"]);
    expect(range(rows, -1, 1)).toEqual(["a", "b"]);
    expect(range(rows, 4, 9)).toEqual(["e"]);
  });

  it("toggles one and puts many", () => {
    const one = toggle(NOTHING, "b", rows);
    expect(isSelected(one, "b")).toBe(true);
    expect(isEmpty(toggle(one, "b", rows))).toBe(true);
    const many = put(one, range(rows, 2, 4), true, rows);
    expect(rows.filter((r) => isSelected(many, r.id)).map((r) => r.id)).toEqual(["b", "c", "d", "e"]);
  });

  it("leaves the visible rows when one is taken out of all", () => {
    const all = { all: true, until_ms: 9 } as const;
    expect(put(all, ["a"], true, rows)).toBe(all);
    const rest = toggle(all, "c", rows);
    expect(rest.all).toBe(false);
    expect(rows.filter((r) => isSelected(rest, r.id)).map((r) => r.id)).toEqual(["a", "b", "d", "e"]);
  });
});

describe("bulkFilter", () => {
  const todo = { status: ["open", "acknowledged"] as ("open" | "acknowledged" | "closed")[], text: "x" };

  it("only asks for alerts on which the edit makes a step, as of then", () => {
    expect(bulkFilter(todo, { action: "acknowledge" }, 7)).toEqual({ status: ["open"], text: "x", to_ms: 7 });
    expect(bulkFilter({}, { action: "close", verdict: "benign", reason: "r" }, 7)).toEqual({
      status: ["open", "acknowledged"],
      to_ms: 7,
    });
    expect(bulkFilter(todo, { action: "assign", assignee: null }, 7)?.status).toEqual(["open", "acknowledged"]);
  });

  it("corrects verdicts of closed ones, and knows when there is nothing to do", () => {
    expect(bulkFilter({ status: ["closed"] }, { action: "close", verdict: "benign", reason: "r" }, 7)?.status).toEqual([
      "closed",
    ]);
    expect(bulkFilter({ status: ["closed"] }, { action: "acknowledge" }, 7)).toBeUndefined();
  });
});

describe("summarise", () => {
  it("tells what failed and why", () => {
    const summary = summarise([
      { id: "a", outcome: "changed" },
      { id: "b", outcome: "unchanged" },
      { id: "c", outcome: "conflict", reason: "the alert is closed: reopen it first" },
      { id: "d", outcome: "not_found" },
    ]);
    expect(summary.changed).toEqual(["a"]);
    expect(summary.unchanged).toBe(1);
    expect(summary.failed).toEqual([
      { id: "c", why: "the alert is closed: reopen it first" },
      { id: "d", why: "it is not there any more" },
    ]);
  });
});
