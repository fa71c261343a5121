import { describe, expect, it } from "vitest";
import type { Schemas } from "../../api/client";
import { blindSpots, isBlind } from "./blind";

const source = (name: string, standing: "heard" | "silent" | "unknown", lost = 0, last: number | null = 1_000) => ({
  source: name,
  program: "p",
  site: "s",
  standing,
  count: { accepted: 1, duplicates: 0, rejected: 0, lost, bytes: 1, last_heard_ms: last },
});

const status = (sources: ReturnType<typeof source>[], more: object = {}) =>
  ({
    sources,
    readiness: { ready: true, reasons: [], degraded: [] },
    spine: { entries: 0, bytes: 0, duplicates: 0, lag: { lake: 3 } },
    rules: { in_force: 1, mistakes: 0 },
    ...more,
  }) as unknown as Schemas["Status"];

describe("what cannot be seen", () => {
  it("says nothing where all is heard", () => {
    expect(blindSpots(status([source("crm", "heard")]), 2_000)).toEqual([]);
  });
  it("names silence, loss and lag, grave ones first", () => {
    const all = blindSpots(
      status(
        [
          source("pbx", "silent", 0, 1_000),
          { ...source("crm", "heard"), count: { ...source("crm", "heard").count, rejected: 4 } },
        ],
        {
          spine: { entries: 0, bytes: 0, duplicates: 0, lag: { lake: 90_000 } },
        },
      ),
      61_000 + 1_000,
    );
    expect(all.map((s) => s.text)).toEqual([
      "pbx is silent, last heard 1 min ago.",
      "lake is 90,000 entries behind.",
      "crm: 4 records could not be read.",
    ]);
  });
  it("is blind without a source, or with sources that never spoke", () => {
    expect(isBlind(status([]))).toBe(true);
    expect(isBlind(status([source("crm", "unknown", 0, null)]))).toBe(true);
    expect(isBlind(status([source("crm", "heard")]))).toBe(false);
  });
});
