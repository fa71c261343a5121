import { describe, expect, it } from "vitest";
import { call, sip } from "./fixture";
import { MAX_COLUMNS, ladderOf, sayDelta } from "./ladder";

const phone = { src: ["203.0.113.9", 5060], dst: ["10.20.0.5", 5060] } satisfies Parameters<typeof sip>[2];
const back = { src: ["10.20.0.5", 5060], dst: ["203.0.113.9", 5060] } satisfies Parameters<typeof sip>[2];

describe("ladder", () => {
  it("gives each address a column, in the order in which they speak", () => {
    const ladder = ladderOf([
      sip(0, { method: "INVITE" }, phone),
      call(0.5, 1),
      sip(1, { status_code: 180, reason: "Ringing" }, back),
      sip(3, { status_code: 200, reason: "OK" }, back),
      sip(4, { status_code: 486, reason: "Busy Here" }, back),
    ]);
    expect(ladder.columns.map((c) => c.label)).toEqual(["203.0.113.9:5060", "10.20.0.5:5060"]);
    expect(ladder.messages.map((m) => [m.from, m.to, m.kind, m.label, m.delta])).toEqual([
      [0, 1, "request", "INVITE", 0],
      [1, 0, "provisional", "180 Ringing", 1_000],
      [1, 0, "final", "200 OK", 2_000],
      [1, 0, "error", "486 Busy Here", 1_000],
    ]);
    expect(ladder.errors).toBe(1);
  });

  it("counts what is sent again", () => {
    const ladder = ladderOf([
      sip(0, { method: "INVITE" }, phone),
      sip(0.5, { method: "INVITE" }, phone),
      sip(1.5, { method: "INVITE" }, phone),
      sip(1.6, { status_code: 100 }, back),
    ]);
    expect(ladder.messages.map((m) => [m.again, m.repeats])).toEqual([
      [0, 2],
      [1, 0],
      [2, 0],
      [0, 0],
    ]);
    expect(ladder.retransmissions).toBe(2);
  });

  it("does not take another try for the same", () => {
    const tries = [
      sip(0, { method: "REGISTER", cseq: 1 }, phone),
      sip(1, { method: "REGISTER", cseq: 2 }, phone),
      sip(2, { method: "REGISTER", cseq: 2, has_credentials: true }, phone),
      sip(3, { method: "REGISTER", cseq: 1 }, back),
      sip(40, { method: "REGISTER", cseq: 1 }, phone),
    ];
    expect(ladderOf(tries).retransmissions).toBe(0);
  });

  it("does not take a new try after an answer for the same", () => {
    const guess = (at: number) => sip(at, { method: "REGISTER", cseq: 2, has_credentials: true }, phone);
    const no = (at: number) => sip(at, { status_code: 401, cseq: 2 }, back);
    const ladder = ladderOf([guess(0), no(0.1), guess(0.2), no(0.3), no(0.8), guess(0.9), guess(1.4), no(1.5)]);
    expect(ladder.messages.map((m) => m.again)).toEqual([0, 0, 0, 0, 1, 0, 1, 0]);
  });

  it("counts the sides of a call that have their own Call-ID", () => {
    const ladder = ladderOf([
      sip(0, { method: "INVITE", call_id: "a" }, phone),
      sip(1, { method: "INVITE", call_id: "b" }, back),
    ]);
    expect(ladder.legs).toEqual(["a", "b"]);
    expect(ladder.messages.map((m) => m.leg)).toEqual([1, 2]);
  });

  it("joins the ports of a scanner", () => {
    const scan = Array.from({ length: 200 }, (_, i) =>
      sip(i, { method: "OPTIONS", cseq: i }, { ...phone, src: ["203.0.113.9", 40_000 + i] }),
    );
    expect(ladderOf(scan).columns.map((c) => c.label)).toEqual(["203.0.113.9, 200 ports", "10.20.0.5:5060"]);
  });

  it("never has more columns than can be read", () => {
    const many = Array.from({ length: 50 }, (_, i) =>
      sip(i, { method: "OPTIONS", cseq: i }, { ...phone, src: [`203.0.113.${i}`, 5060] }),
    );
    const ladder = ladderOf(many);
    expect(ladder.columns).toHaveLength(MAX_COLUMNS);
    expect(ladder.columns.at(-1)?.label).toBe("45 others");
    expect(ladder.messages.every((m) => ladder.columns[m.from] && ladder.columns[m.to])).toBe(true);
  });

  it("stands thousands of messages", () => {
    const many = Array.from({ length: 5_000 }, (_, i) => sip(i / 10, { method: "OPTIONS", cseq: i }, phone));
    const began = performance.now();
    expect(ladderOf(many).messages).toHaveLength(5_000);
    expect(performance.now() - began).toBeLessThan(500);
  });
});

it("says how long after the one before", () => {
  expect([0, 12, 1_500, 12_340, 90_000].map(sayDelta)).toEqual(["+0 ms", "+12 ms", "+1.50 s", "+12.3 s", "+2 min"]);
});
