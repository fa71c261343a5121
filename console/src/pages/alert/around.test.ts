import { describe, expect, it } from "vitest";
import type { TimelineEvent } from "../../api/queries";
import { eventOf, eventsSql, marked, spanOf, usualSpan } from "./around";
import { evidenceOf, readFinding } from "./finding";

const HOUR = 3_600_000;

describe("span", () => {
  it("takes whole minutes around the story", () => {
    const alert = { first_time_ms: 10 * HOUR + 30_000, last_time_ms: 11 * HOUR + 1 };
    expect(usualSpan(alert)).toBe("story");
    expect(spanOf(alert, "story")).toEqual({ from_ms: 10 * HOUR - 300_000, to_ms: 11 * HOUR + 360_000 });
    expect(spanOf({ ...alert, last_time_ms: 11 * HOUR + 30_000 }, "story").to_ms).toBe(11 * HOUR + 360_000);
  });

  it("begins with the end of a long one", () => {
    const alert = { first_time_ms: 0, last_time_ms: 24 * HOUR };
    expect(usualSpan(alert)).toBe("last");
    expect(spanOf(alert, "last")).toEqual({ from_ms: 24 * HOUR - 900_000, to_ms: 24 * HOUR + 300_000 });
    expect(spanOf({ first_time_ms: HOUR, last_time_ms: HOUR }, "last").from_ms).toBe(HOUR - 300_000);
  });
});

describe("events by id", () => {
  it("quotes what stands in ids", () => {
    const sql = eventsSql(["a", "b'); --"], { from_ms: 0, to_ms: 60_000 });
    expect(sql).toContain("IN ('a', 'b''); --')");
    expect(sql).toContain("time < TIMESTAMP '1970-01-01T00:01:00.000+00:00'");
  });

  it("reads rows as the timeline gives them", () => {
    const event = eventOf({
      event_id: "e1",
      time: "2026-11-22T11:05:49.748Z",
      received_time: "2026-11-22T11:05:50.000Z",
      class_uid: 6001,
      activity_name: "Read",
      agent: "A1",
      flags: null,
      enrichment: '{"call.state":"none"}',
      ocsf: "no json",
    });
    expect(event).toMatchObject({ event_id: "e1", time_ms: 1_795_345_549_748, agent: "A1", flags: [], ocsf: null });
    expect(event.facts).toEqual({ "call.state": "none" });
  });
});

describe("evidence", () => {
  const findings = [
    readFinding({ seq: 2, rule_id: "r2", event_ids: ["e1", "e2"] }),
    readFinding({ seq: 1, rule_id: "r1", event_ids: ["e1", 7] }),
  ];

  it("knows which rules found an event", () => {
    expect([...evidenceOf(findings)].map(([id, rules]) => [id, ...rules])).toEqual([
      ["e1", "r2", "r1"],
      ["e2", "r2"],
    ]);
  });

  it("marks those events only", () => {
    const events = [
      { event_id: "e1", severity_id: 1, findings: ["r1"] },
      { event_id: "e9", severity_id: 1, findings: [] as string[] },
    ] as TimelineEvent[];
    const done = marked(events, evidenceOf(findings), () => 4);
    expect(done[0]).toMatchObject({ severity_id: 4, findings: ["r1", "r2"] });
    expect(done[1]).toBe(events[1]);
  });

  it("refuses what is no finding", () => {
    expect(() => readFinding({})).toThrow();
    expect(() => readFinding(null)).toThrow();
  });
});
