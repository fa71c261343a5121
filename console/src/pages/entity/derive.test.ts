import { expect, it } from "vitest";
import { CLASS } from "../../lib/say";
import { T0, call, event } from "../call/fixture";
import { attestationsOf, lookupsOf, stretchesOf } from "./derive";

const lookup = (facts: Record<string, unknown> | null) => event(0, CLASS.records, 2, { facts });

it("tells look-ups without a call from those with one", () => {
  const events = [
    lookup({ "call.state": "live", "call.same_customer": true }),
    lookup({ "call.state": "live", "call.same_customer": false }),
    lookup({ "call.state": "live" }),
    lookup({ "call.state": "wrap_up" }),
    lookup({ "call.state": "none" }),
    lookup({ "call.state": "none" }),
    lookup(null),
    call(0, 1),
  ];
  expect(lookupsOf(events).map((s) => [s.key, s.n, s.marked ?? false])).toEqual([
    ["same", 1, false],
    ["live", 1, false],
    ["wrap_up", 1, false],
    ["other", 1, true],
    ["none", 2, true],
    ["unknown", 1, false],
  ]);
});

it("counts each call of a number once, by who vouched for it", () => {
  const events = [
    call(0, 1, { call_uid: "a", ocsf: { attestation: "A" } }),
    call(5, 5, { call_uid: "a" }),
    call(9, 1, { call_uid: "b", facts: { "call.attestation": "C" } }),
    call(20, 1, { call_uid: "c" }),
  ];
  expect(attestationsOf(events).map((s) => [s.key, s.n])).toEqual([
    ["A", 1],
    ["C", 1],
    ["", 1],
  ]);
});

it("draws calls and states as bars", () => {
  const state = (at: number, name: string) => event(at, CLASS.agent, 3, { ocsf: { agent: { state: name } } });
  const events = [state(0, "available"), call(5, 1), state(8, "on_call"), call(60, 5), state(60, "wrap_up")];
  const bars = stretchesOf(events, true).map((s) => [s.label, (s.from - T0) / 1_000, (s.to - T0) / 1_000]);
  expect(bars).toEqual([
    ["available", 0, 8],
    ["on a call", 8, 60],
    ["call", 5, 60],
  ]);
  expect(stretchesOf(events, false).map((s) => s.label)).toEqual(["call"]);
});
