import { expect, it } from "vitest";
import { CLASS } from "../../lib/say";
import { AROUND_MS, corrected, devicesOf, mergeAround, spanAround } from "./around";
import { T0, call, event } from "./fixture";
import { storyOf } from "./story";

const WIDE = { from: 0, to: Infinity };

it("merges each event once, in the order of time, and leaves other calls and times out", () => {
  const own = [call(0, 1), call(10, 5)];
  const logon = event(-5, CLASS.authentication, 1, { agent: "A1" });
  const early = event(-500, CLASS.authentication, 1, { agent: "A1" });
  const other = call(11, 1, { call_uid: "c2" });
  const mine = own[1];
  const around = [
    [logon, early, ...(mine ? [mine] : [])],
    [other, logon],
  ];
  expect(mergeAround(own, around, { from: T0 - 10_000, to: T0 + 60_000 })).toEqual([logon, ...own]);
  expect(mergeAround(own, around, WIDE)).toEqual([early, logon, ...own]);
});

it("spans the call and two minutes on both sides", () => {
  const story = storyOf([call(0, 1), call(10, 5), event(900, CLASS.records, 2)]);
  expect(spanAround(story)).toEqual({ from: T0 - AROUND_MS, to: T0 + 10_000 + AROUND_MS });
});

it("gives an event to the call that it turned out to belong to", () => {
  const lookup = (settled: boolean, call_uid: string) =>
    event(20, CLASS.records, 2, { event_id: "moved", call_uid, facts: { "call.settled": settled } });
  const sure = event(21, CLASS.records, 2, { call_uid: "c1", facts: { "call.settled": true } });
  const own = [call(0, 1), lookup(false, "c1"), sure];
  expect(corrected(own, [[lookup(true, "c2")]]).map((e) => e.event_id)).toEqual([own[0]?.event_id, sure.event_id]);
  expect(corrected(own, [[lookup(true, "c1")]])[1]?.facts).toEqual({ "call.settled": true });
  expect(corrected(own, [])).toBe(own);
});

it("knows the devices, most named first", () => {
  const at = (device: string | null) => event(0, CLASS.records, 2, { device });
  expect(devicesOf([at("a"), at("b"), at(null), at("b")])).toEqual(["b", "a"]);
});
