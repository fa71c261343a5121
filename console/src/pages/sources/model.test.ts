import { describe, expect, it } from "vitest";
import { type Declared, type Status, expected, isBlind, joined, matching, may, summary } from "./model";
import { type Sample, rateOf, sampleOf, sayRate, withSample } from "./rates";

const START = 1_795_352_305_000;

const declared = (name: string, more: Partial<Declared> = {}): Declared => ({
  id: `id-${name}`,
  name,
  kind: "http",
  program: "acme",
  site: "berlin",
  classes: "*",
  grants: [],
  allowed_peers: [],
  expect_every_secs: null,
  created_ms: START - 1_000_000,
  disabled_ms: null,
  last_seen_ms: START + 1_000,
  certificate: "accepted",
  certificate_names: [],
  ...more,
});

type Counted = Status["sources"][number];
const counted = (source: string, standing: string | null, count: Partial<Counted["count"]> = {}): Counted => ({
  source,
  program: "acme",
  site: "berlin",
  // The server says null of what is not watched.
  standing: standing as Counted["standing"],
  count: { accepted: 10, duplicates: 0, rejected: 0, lost: 0, bytes: 100, last_heard_ms: START + 5_000, ...count },
});

const status = (sources: Counted[], more: Partial<Status> = {}): Status => ({
  version: "0.1.0",
  started_ms: START,
  uptime_secs: 3_600,
  readiness: { ready: true, reasons: [], degraded: [] },
  sources,
  listeners: [],
  connectors: [],
  spine: { entries: 0, bytes: 0, duplicates: 0, lag: {} },
  lake: { tail_rows: 0, file_rows: 0, files: 0, bytes: 0 },
  queries: {},
  state: {},
  calls: {},
  notifying: {},
  ending: [],
  rules: { in_force: 0, mistakes: 0 },
  memory_bytes: 0,
  ...more,
});

describe("the list of sources", () => {
  it("puts silent and lossy ones first", () => {
    const views = joined(
      status([
        counted("good", "heard"),
        counted("lossy", "heard", { lost: 3 }),
        counted("lossier", "heard", { lost: 9 }),
        counted("bad", "heard", { rejected: 2 }),
        counted("young", "unknown"),
        counted("quiet", "silent"),
        counted("automation", null),
        counted("off", "heard"),
      ]),
      [
        ...["good", "lossy", "lossier", "bad", "young", "quiet"].map((name) => declared(name)),
        declared("off", { disabled_ms: START }),
        declared("new", { last_seen_ms: null }),
      ],
    );
    expect(views.map((v) => [v.name, v.verdict])).toEqual([
      ["quiet", "silent"],
      ["lossier", "lossy"],
      ["lossy", "lossy"],
      ["bad", "refusing"],
      ["new", "never"],
      ["young", "unknown"],
      ["good", "heard"],
      ["automation", "unwatched"],
      ["off", "off"],
    ]);
    expect(summary(views)).toBe(
      "9 sources: 1 silent, 2 losing records, 1 partly refused, 1 never heard, 1 not known yet, 1 heard, 1 not watched, 1 switched off",
    );
  });

  it("calls a source silent that the server has not counted and that is overdue", () => {
    const late = declared("late", { expect_every_secs: 900, last_seen_ms: START - 50_000 });
    expect(joined(status([]), [late])[0]?.verdict).toBe("silent");
    // The watch begins with the start of the server.
    expect(joined(status([], { uptime_secs: 60 }), [late])[0]?.verdict).toBe("unknown");
  });

  it("keeps sources of two programs with one name apart", () => {
    const views = joined(status([counted("crm", "heard")]), [declared("crm"), declared("crm", { program: "bank" })]);
    expect(views.map((v) => [v.key, v.count?.accepted]).sort()).toEqual([
      ["acme/crm", 10],
      ["bank/crm", undefined],
    ]);
  });

  it("is blind when nobody was ever heard", () => {
    expect(isBlind([])).toBe(true);
    expect(isBlind(joined(status([]), [declared("a", { last_seen_ms: null })]))).toBe(true);
    expect(isBlind(joined(status([]), [declared("a")]))).toBe(false);
  });

  it("is searched by all words", () => {
    const views = joined(status([counted("quiet", "silent")]), [declared("quiet"), declared("crm")]);
    expect(matching(views, "berlin silent").map((v) => v.name)).toEqual(["quiet"]);
    expect(matching(views, " ").length).toBe(2);
  });

  it("says what a source may do, and how often it is expected", () => {
    expect(may(declared("a"))).toBe("send everything");
    expect(may(declared("a", { classes: [6001, 5], grants: ["call-state"] }))).toBe(
      "send Record look-ups (6001), class 5; decide about calls",
    );
    expect(expected(900)).toBe("every 15 min");
    expect([null, 60, 90, 7_200].map(expected)).toEqual(["learned", "every 60 s", "every 90 s", "every 2 h"]);
  });
});

describe("rates", () => {
  const at = (ms: number, n: number, started = START): Sample => ({
    ...sampleOf(status([counted("crm", "heard", { accepted: n })]), ms),
    started,
  });

  it("are measured between two answers", () => {
    let samples = withSample([], at(1_000, 100));
    expect(rateOf(samples, "acme/crm")).toBeUndefined();
    samples = withSample(samples, at(6_000, 150));
    expect(rateOf(samples, "acme/crm")).toBe(10);
    expect(rateOf(samples, "acme/other")).toBe(0);
  });

  it("forget what is old, and a former run of the server", () => {
    const samples = [at(1_000, 0), at(31_000, 300), at(61_000, 300)];
    const kept = samples.reduce<Sample[]>(withSample, []);
    expect(kept.length).toBe(2);
    expect(rateOf(kept, "acme/crm")).toBe(0);
    expect(withSample(kept, at(66_000, 5, START + 1)).length).toBe(1);
  });

  it("are said as people read them", () => {
    expect([undefined, 0, 0.05, 2.25, 123.4].map(sayRate)).toEqual(["measuring", "0/s", "3/min", "2.3/s", "123/s"]);
  });
});
