import { describe, expect, it } from "vitest";
import { dayUntil, rangeOf, shifted } from "./ranges";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

describe("range", () => {
  it("is the last day unless said otherwise", () => {
    expect(rangeOf({}, NOW)).toEqual({ last: "24h", from: NOW - 24 * HOUR });
    expect(rangeOf({ last: "1h" }, NOW)).toEqual({ last: "1h", from: NOW - HOUR });
    expect(rangeOf({ last: "all" }, NOW)).toEqual({ last: "all" });
    expect(rangeOf({ last: "nonsense", from: "x" }, NOW)).toEqual({ last: "24h", from: NOW - 24 * HOUR });
  });

  it("takes moments, in either order, and one alone", () => {
    expect(rangeOf({ from: "5", to: "9", last: "1h" }, NOW)).toEqual({ from: 5, to: 9 });
    expect(rangeOf({ from: "9", to: "5" }, NOW)).toEqual({ from: 5, to: 9 });
    expect(rangeOf({ to: "9" }, NOW)).toEqual({ to: 9 });
  });

  it("moves by its own length", () => {
    const last = rangeOf({ last: "1h" }, NOW);
    expect(shifted(last, -1, NOW)).toEqual({ from: String(NOW - 2 * HOUR), to: String(NOW - HOUR) });
    expect(shifted(last, 1, NOW)).toBeUndefined();
    expect(shifted({ from: NOW - 3 * HOUR, to: NOW - 2 * HOUR }, 1, NOW)).toEqual({
      from: String(NOW - 2 * HOUR),
      to: String(NOW - HOUR),
    });
    expect(shifted({ last: "all" }, -1, NOW)).toBeUndefined();
  });

  it("goes to where something was seen last", () => {
    const search = dayUntil(NOW);
    const range = rangeOf(search, NOW + 99 * HOUR);
    expect(range.from).toBe(NOW - 24 * HOUR);
    expect(range.to).toBeGreaterThan(NOW);
  });
});
