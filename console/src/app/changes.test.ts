import { describe, expect, it } from "vitest";
import { ChangeLog, outdated } from "./changes";
import type { Change } from "./live";

const change = (id: number) => ({ id, kind: "opened", at_ms: id, alert: { id: `a${id}` } }) as Change;

describe("ChangeLog", () => {
  it("gives what came after a number", () => {
    const log = new ChangeLog();
    log.add(change(1));
    const seen = log.head;
    log.add(change(2));
    log.add(change(3));
    expect(log.since(seen)?.map((c) => c.id)).toEqual([2, 3]);
    expect(log.since(log.head)).toEqual([]);
  });

  it("says that it does not know when it forgot or missed some", () => {
    const log = new ChangeLog(4);
    for (let i = 0; i < 7; i++) log.add(change(i));
    expect(log.since(0)).toBeUndefined();
    expect(log.since(3)?.map((c) => c.id)).toEqual([3, 4, 5, 6]);
    const seen = log.head;
    log.lose();
    expect(log.since(seen)).toBeUndefined();
    expect(log.since(log.head)).toEqual([]);
    log.add(change(9));
    expect(log.since(log.head - 1)?.map((c) => c.id)).toEqual([9]);
  });
});

describe("outdated", () => {
  it("leaves the long lists alone and other alerts too", () => {
    expect(outdated(["alerts", "page", {}], new Set(["a"]))).toBe(true);
    expect(outdated(["alerts", "pages", {}])).toBe(false);
    expect(outdated(["alerts", "one", "a"], new Set(["a"]))).toBe(true);
    expect(outdated(["alerts", "one", "b"], new Set(["a"]))).toBe(false);
    expect(outdated(["alerts", "findings", "b"])).toBe(true);
    expect(outdated(["sources"])).toBe(false);
  });
});
