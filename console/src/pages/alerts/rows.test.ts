import { describe, expect, it } from "vitest";
import type { Alert } from "../../api/queries";
import type { Change } from "../../app/live";
import { type AlertPage, type Belongs, applied, compare, edited, latest, locate, moves } from "./rows";

const alert = (id: string, severity_id: number, over: Partial<Alert> = {}): Alert =>
  ({ id, severity_id, status: "open", updated_ms: 1, verdict: null, closed_ms: null, ...over }) as Alert;

const page = (...items: Alert[]): AlertPage => ({
  items,
  next: null,
  counts: { open: 0, acknowledged: 0, closed: 0, by_severity: {} },
});

const open = (a: Alert) => a.status === "open";
const severe: Belongs = { order: "most_severe", matches: open, complete: true };
const ids = (pages: AlertPage[]) => pages.map((p) => p.items.map((a) => a.id).join(" "));
const map = (...alerts: Alert[]) => new Map(alerts.map((a) => [a.id, a]));

// Severity 5, 4, 4, then 3.
const pages = [page(alert("C", 5), alert("F", 4)), page(alert("B", 4), alert("E", 3))];
const rows = pages.flatMap((p) => p.items);

describe("order", () => {
  it("is that of the server", () => {
    expect(rows.toSorted((a, b) => compare(a, b, "most_severe"))).toEqual(rows);
    expect(
      rows
        .toSorted((a, b) => compare(a, b, "newest"))
        .map((r) => r.id)
        .join(""),
    ).toBe("FECB");
  });

  it("finds a row whatever its severity", () => {
    expect(rows.map((r) => locate(rows, r.id, "most_severe"))).toEqual([0, 1, 2, 3]);
    expect(locate(rows, "D", "most_severe")).toBe(-1);
    expect(locate([alert("D", 1), alert("A", 5)], "A", "newest")).toBe(1);
    expect(locate([], "A", "newest")).toBe(-1);
  });
});

describe("moves", () => {
  it("counts what comes, goes and moves, not what only says something new", () => {
    const changed = map(
      alert("G", 4),
      alert("F", 4, { status: "closed" }),
      alert("E", 5),
      alert("C", 5, { finding_count: 9 }),
      alert("H", 1, { status: "closed" }),
    );
    expect(moves(rows, changed, severe)).toEqual({ count: 3, maybe: false });
  });

  it("does not count what a later page will have, nor old news", () => {
    expect(moves(rows, map(alert("A", 2)), { ...severe, complete: false }).count).toBe(0);
    expect(moves(rows, map(alert("A", 2)), severe).count).toBe(1);
    expect(moves(rows, map(alert("F", 4, { status: "closed", updated_ms: 0 })), severe).count).toBe(0);
  });

  it("says when only the server knows", () => {
    const belongs: Belongs = { ...severe, matches: () => "maybe" };
    expect(moves(rows, map(alert("G", 4)), belongs)).toEqual({ count: 0, maybe: true });
    expect(moves(rows, map(alert("F", 4)), belongs)).toEqual({ count: 0, maybe: false });
  });
});

describe("applied", () => {
  it("puts new ones where they belong, across pages", () => {
    const done = applied(pages, map(alert("G", 4), alert("D", 4), alert("A", 2)), severe);
    expect(ids(done.pages)).toEqual(["C G F", "D B E A"]);
    expect(done.fresh).toEqual(["G", "D", "A"]);
  });

  it("takes out what left and moves what rose", () => {
    const done = applied(pages, map(alert("F", 4, { status: "closed" }), alert("E", 5)), severe);
    expect(ids(done.pages)).toEqual(["E C", "B"]);
    expect(done.fresh).toEqual(["E"]);
  });

  it("keeps pages that nothing touches, and what is younger already", () => {
    const done = applied(pages, map(alert("C", 5, { status: "closed", updated_ms: 0 })), severe);
    expect(ids(done.pages)).toEqual(ids(pages));
    expect(done.pages[1]).toBe(pages[1]);
    expect(done.fresh).toEqual([]);
  });

  it("fills an empty list, and leaves unknown places to later pages", () => {
    expect(ids(applied([page()], map(alert("A", 2)), severe).pages)).toEqual(["A"]);
    expect(ids(applied(pages, map(alert("A", 2)), { ...severe, complete: false }).pages)).toEqual(ids(pages));
  });
});

describe("edits and changes", () => {
  it("keeps the last word on each alert", () => {
    const change = (a: Alert): Change => ({ id: 1, kind: "x", at_ms: 1, alert: a });
    const found = latest([change(alert("A", 1)), change(alert("B", 1)), change(alert("A", 3))]);
    expect([...found].map(([id, a]) => [id, a.severity_id])).toEqual([
      ["A", 3],
      ["B", 1],
    ]);
  });

  it("knows what an edit makes of an alert", () => {
    const a = alert("A", 4);
    expect(edited(a, { action: "acknowledge" }, 5)).toMatchObject({ status: "acknowledged", updated_ms: 2 });
    const closed = edited(a, { action: "close", verdict: "benign", reason: "drill" }, 5);
    expect(closed).toMatchObject({ status: "closed", verdict: "benign", verdict_reason: "drill", closed_ms: 5 });
    expect(edited(closed, { action: "acknowledge" }, 6)).toBe(closed);
    expect(edited(closed, { action: "reopen" }, 6)).toMatchObject({ status: "open", verdict: null, closed_ms: null });
    expect(edited(a, { action: "assign", assignee: "bo" }, 5).assignee).toBe("bo");
  });
});
