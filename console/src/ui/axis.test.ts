import { describe, expect, it } from "vitest";
import type { TimelineEvent } from "../api/queries";
import { CLASS } from "../lib/say";
import { HEAD, ROW, type Stretch, dotsOf, rowsOf, spanOf, ticksOf } from "./axis";

let n = 0;
const event = (time_ms: number, class_uid: number, agent: string | null = null): TimelineEvent => {
  n += 1;
  return {
    event_id: `e${n}`,
    time_ms,
    received_ms: time_ms,
    class_uid,
    class_name: "",
    activity_name: "",
    severity_id: 1,
    program: "p",
    flags: [],
    findings: [],
    agent,
  };
};
const bar = (track: string, from: number, to: number): Stretch => ({
  lane: "call",
  track,
  from,
  to,
  label: "talks",
  color: "red",
});

describe("axis", () => {
  it("has a lane for what there is, and a track for each agent", () => {
    const { rows, height } = rowsOf([event(0, CLASS.records)], [bar("A1", 0, 5), bar("A2", 5, 9)], 0);
    expect(rows.map((r) => [r.lane, r.top, r.tracks, r.bars])).toEqual([
      ["call", HEAD, ["A1", "A2"], true],
      ["records", HEAD + 2 * ROW, [], false],
    ]);
    expect(height).toBe(HEAD + 3 * ROW + 4);
  });

  it("makes one dot of those that would cover each other, but none of what is flagged", () => {
    const events = [0, 1, 2, 900].map((ms) => event(ms, CLASS.records));
    const flagged = events[1];
    const { rows } = rowsOf(events, [], 0);
    const dots = dotsOf(events, rows, [0, 1_000], [0, 1_000], (e) => (e === flagged ? "look" : undefined));
    expect(dots.map((d) => [d.events.length, d.flag])).toEqual([
      [2, undefined],
      [1, "look"],
      [1, undefined],
    ]);
  });

  it("puts an agent's dots on the agent's track, and others on the first", () => {
    const events = [event(0, CLASS.call, "A2"), event(500, CLASS.call)];
    const { rows } = rowsOf(events, [bar("A1", 0, 5), bar("A2", 5, 9)], 0);
    const dots = dotsOf(events, rows, [0, 1_000], [0, 1_000]);
    expect(dots.map((d) => d.y)).toEqual([HEAD + 1.5 * ROW, HEAD + 0.5 * ROW]);
  });

  it("spans all there is with an edge, and has few ticks", () => {
    const [from, to] = spanOf([event(10_000, CLASS.call)], [bar("A1", 0, 100_000)]);
    expect(from).toBe(-2_000);
    expect(to).toBe(102_000);
    expect(ticksOf(from, to, 900).length).toBeLessThan(10);
  });
});
