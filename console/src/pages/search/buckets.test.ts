import { describe, expect, it } from "vitest";
import { histogram, originFor, spanOf, stepFor, stepWord, valuesOf } from "./buckets";
import { exactNumbers } from "./run";

const HOUR = 3_600_000;

describe("stretches", () => {
  it("are even and no more than wanted", () => {
    for (const span of [1, 1_000, 900_000, HOUR, 24 * HOUR, 30 * 24 * HOUR, 20 * 365 * 24 * HOUR]) {
      const step = stepFor(0, span, 80);
      expect(span / step).toBeLessThanOrEqual(80);
    }
    expect(stepWord(stepFor(0, HOUR, 80))).toBe("1 min");
    expect(stepWord(stepFor(0, 24 * HOUR, 80))).toBe("30 min");
    expect(stepWord(stepFor(0, 30 * 24 * HOUR, 80))).toBe("12 h");
  });
});

describe("counts over time", () => {
  const from = Date.UTC(2026, 0, 1, 0, 0, 30);
  const origin = Date.UTC(2026, 0, 1);
  it("have stretches in which nothing was", () => {
    const rows = [
      { bucket: "2026-01-01T00:01:00Z", severity_id: 1, n: 5 },
      { bucket: "2026-01-01T00:01:00Z", severity_id: 4, n: 2 },
      { bucket: "2026-01-01T00:03:00Z", severity_id: null, n: 1 },
      { bucket: "nonsense", severity_id: 1, n: 9 },
    ];
    const made = histogram(rows, from, from + 4 * 60_000, 60_000, origin);
    expect(made.at).toHaveLength(5);
    expect(made.at[0]).toBe(origin);
    expect(made.series.map((s) => s.severity)).toEqual([4, 1, 0]);
    expect(made.totals).toEqual([0, 7, 0, 1, 0]);
    expect(made.total).toBe(8);
  });
  it("reach to what is dated later", () => {
    const made = histogram(
      [{ bucket: "2026-01-01T00:09:00Z", severity_id: 1, n: 1 }],
      from,
      from + 60_000,
      60_000,
      origin,
    );
    expect(made.at).toHaveLength(10);
  });
  it("never become millions of bars", () => {
    const made = histogram([{ bucket: "9999-01-01T00:00:00Z", severity_id: 1, n: 1 }], from, from + 1, 1_000, origin);
    expect(made.at.length).toBeLessThanOrEqual(2_000);
  });
  it("begin at a midnight", () => expect(new Date(originFor(from)).getHours()).toBe(0));
});

const table = (rows: Record<string, unknown>[]) => ({ columns: [], rows, truncated: false });

describe("answers", () => {
  it("of spans and values are read", () => {
    expect(spanOf(table([{ first: null, last: null, n: 0 }]))).toBeNull();
    expect(spanOf(table([]))).toBeNull();
    expect(spanOf(table([{ first: "1970-01-01T00:00:01Z", last: "1970-01-01T00:00:02Z", n: 2 }]))).toEqual({
      from: 1_000,
      to: 2_001,
      total: 2,
    });
    expect(
      valuesOf(
        table([
          { value: null, n: 3, total: 4, different: 2 },
          { value: "a", n: 1, total: 4, different: 2 },
        ]),
      ),
    ).toEqual({
      values: [
        { value: null, n: 3, share: 0.75 },
        { value: "a", n: 1, share: 0.25 },
      ],
      total: 4,
      different: 2,
    });
    expect(valuesOf(table([])).total).toBe(0);
  });
  it("keep numbers that a double cannot hold", () => {
    const text =
      '{"columns":[{"name":"n","type":"bigint"}],"rows":[{"n":9223372036854775807},{"n":1}],"truncated":false}';
    expect(exactNumbers(JSON.parse(text) as never, text).rows).toEqual([{ n: "9223372036854775807" }, { n: 1 }]);
  });
});
