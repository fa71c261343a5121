import { describe, expect, it } from "vitest";
import { type LiveCall, SILENT_MS, lastOf, names, quiet, recentCall, recentSql } from "./recent";

const NOW = Date.UTC(2026, 0, 2, 14, 0, 30);
const row = (more: Record<string, unknown>) => ({
  call_uid: "c1",
  began: "2026-01-02T13:00:00Z",
  latest: "2026-01-02T13:02:00Z",
  answered: null,
  ended: null,
  ...more,
});

describe("recent calls", () => {
  it("are asked for with quoting, and the same for a minute", () => {
    const sql = recentSql("1h", "O'Brien", NOW);
    expect(sql).toContain("strpos(lower(agent), 'o''brien') > 0");
    expect(sql).toBe(recentSql("1h", "O'Brien ", NOW + 20_000));
    expect(recentSql("1h", " ", NOW)).not.toContain("strpos");
    expect(lastOf("nonsense")).toBe("1h");
  });

  it("say how they ended", () => {
    const outcome = (more: Record<string, unknown>) => recentCall(row(more), NOW).outcome;
    const ended = "2026-01-02T13:02:00Z";
    expect(outcome({ answered: "2026-01-02T13:00:05Z", ended })).toBe("answered");
    expect(outcome({ ended })).toBe("abandoned");
    expect(outcome({ ended, direction: "outbound" })).toBe("no_answer");
    expect(outcome({ ended, disposition: "Busy" })).toBe("busy");
    expect(outcome({})).toBe("going_on");
    expect(outcome({ latest: "2026-01-01T13:02:00Z" })).toBe("unknown");
  });

  it("say how long was talked, and where", () => {
    const call = recentCall(
      row({
        answered: "2026-01-02T13:00:05Z",
        ended: "2026-01-02T13:02:05Z",
        program: "p",
        site: "main",
        agents: ["A1", null],
      }),
      NOW,
    );
    expect(call).toMatchObject({ talked: 120_000, place: "p / main", agents: ["A1"] });
  });

  it("begin before the record that tells of them", () => {
    const call = recentCall(
      row({ ended: "2026-01-02T13:00:00Z", records: 1, duration: "90000", talk_time: "80000" }),
      NOW,
    );
    expect(call.began).toBe(Date.UTC(2026, 0, 2, 12, 58, 30));
    expect(call.talked).toBe(80_000);
  });
});

it("no call is not the same as nothing heard", () => {
  expect(quiet(null, NOW)).toBe("never");
  expect(quiet(NOW - SILENT_MS - 1, NOW)).toBe("silent");
  expect(quiet(NOW - 1_000, NOW)).toBe("calm");
});

it("finds a call that goes on by what it names", () => {
  const call = { call_uid: "c1", agent: "A1", customer: null, caller: "+1204", program: "p", site: "s", state: "live" };
  expect([names(call as LiveCall, "a1"), names(call as LiveCall, "+12"), names(call as LiveCall, "zz")]).toEqual([
    true,
    true,
    false,
  ]);
});
