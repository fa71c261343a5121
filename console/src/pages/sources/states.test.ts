import { describe, expect, it } from "vitest";
import { troubles } from "./counters";
import type { Refused } from "./fault";
import { grouped } from "./refusals";
import { type Connector, connectorState, consumer, lagState } from "./states";

const counters = { pages: 0, accepted: 0, duplicates: 0, rejected: 0, errors: 0, throttled: 0, refused: 0 };
const connector = (more: Partial<Connector> = {}): Connector => ({
  name: "okta",
  vendor: "okta",
  program: "acme",
  site: "default",
  push: false,
  last_success_ms: 1,
  last_error: null,
  failing: 0,
  streams: [],
  counters,
  ...more,
});

describe("what a listener counts", () => {
  it("is told when it should be zero and is not, losses first", () => {
    const told = troubles({
      received: 12,
      bytes: 9,
      open: 1,
      refused_peer: 40,
      kernel_dropped: 2,
      timeouts: 0,
      new_one: 1,
    });
    expect(told.map((t) => [t.key, t.n])).toEqual([
      ["kernel_dropped", 2],
      ["refused_peer", 40],
      ["new_one", 1],
    ]);
    expect(told[2]?.what).toBe("new one");
  });
});

describe("states in a word", () => {
  it("of connectors", () => {
    expect(connectorState(connector()).word).toBe("Works");
    expect(connectorState(connector({ failing: 1 })).word).toBe("Fails: once");
    expect(connectorState(connector({ failing: 7 })).word).toBe("Fails: 7 times in a row");
    expect(connectorState(connector({ last_success_ms: null })).word).toBe("Not asked yet");
    expect(connectorState(connector({ counters: { ...counters, rejected: 1 } })).trust).toBe("care");
  });

  it("of consumers", () => {
    expect([0, 1_000, 1_001, 50_001].map((n) => lagState(n).trust)).toEqual(["good", "good", "care", "bad"]);
    expect(consumer("new").name).toBe("new");
  });
});

it("refusals of one cause are one, whatever numbers their reason has", () => {
  const refused = (id: string, more: Partial<Refused> = {}): Refused => ({
    id,
    program: "acme",
    source_id: null,
    source: "crm",
    received_ms: 0,
    line: 1,
    offset: 0,
    code: "syntax",
    reason: `malformed line [${id}]`,
    sample: "",
    sample_encoding: "text",
    record_bytes: 0,
    ...more,
  });
  const groups = grouped([
    refused("3"),
    refused("2", { source: "pbx" }),
    refused("1"),
    refused("0", { code: "empty" }),
  ]);
  expect(groups.map((g) => g.items.map((item) => item.id))).toEqual([["3", "1"], ["2"], ["0"]]);
});
