import { describe, expect, it } from "vitest";
import { type Account, type Reset, matching, notForThem, sorted, stageOf, stateOf, summary, ways } from "./model";

const NOW = 1_000;

const account = (more: Partial<Account> = {}): Account => ({
  id: "1",
  name: "Ann Lee",
  kind: "person",
  agent: null,
  roles: [],
  created_ms: 0,
  expires_ms: null,
  disabled_ms: null,
  last_used_ms: null,
  login: "ann@example.test",
  enrolled_ms: 1,
  password_ms: null,
  locked_until_ms: null,
  passkeys: 1,
  one_time_codes: 0,
  recovery_left: 0,
  invited_until_ms: null,
  directory_ms: null,
  removed_ms: null,
  ...more,
});

const role = (role: "analyst" | "auditor", program: string) => ({
  id: role,
  role,
  program,
  granted_ms: 0,
  granted_by: "x",
  why: "",
  expires_ms: null,
  reserve: false,
  in_force_until_ms: null,
});

describe("people", () => {
  it("stand in one state", () => {
    expect(stateOf(account(), NOW)).toBe("active");
    expect(stateOf(account({ enrolled_ms: null, invited_until_ms: NOW + 1 }), NOW)).toBe("invited");
    expect(stateOf(account({ enrolled_ms: null, invited_until_ms: NOW }), NOW)).toBe("waiting");
    expect(stateOf(account({ locked_until_ms: NOW + 1 }), NOW)).toBe("locked");
    expect(stateOf(account({ locked_until_ms: NOW - 1 }), NOW)).toBe("active");
    // A code of a reset is no invitation.
    expect(stateOf(account({ invited_until_ms: NOW + 1 }), NOW)).toBe("active");
    expect(stateOf(account({ disabled_ms: 1, locked_until_ms: NOW + 1 }), NOW)).toBe("off");
  });

  it("sign in by what they have", () => {
    expect(ways(account())).toEqual(["passkey"]);
    expect(ways(account({ passkeys: 2, password_ms: 1, one_time_codes: 1 }))).toEqual([
      "2 passkeys",
      "password + codes",
    ]);
    expect(ways(account({ passkeys: 0, password_ms: 1 }))).toEqual(["no way"]);
    expect(ways(account({ enrolled_ms: null, passkeys: 0 }))).toEqual(["not yet"]);
  });

  it("are found by words of name, sign-in name, agent and role, and by state", () => {
    const all = [
      account({ roles: [role("analyst", "bank")] }),
      account({ id: "2", name: "Bob", login: "bob", agent: "4711", disabled_ms: 1 }),
    ];
    const found = (text: string, state?: string) => matching(all, text, state, NOW).map((a) => a.name);
    expect(found("")).toEqual(["Ann Lee", "Bob"]);
    expect(found("lee bank")).toEqual(["Ann Lee"]);
    expect(found("4711")).toEqual(["Bob"]);
    expect(found("ann bob")).toEqual([]);
    expect(found("", "off")).toEqual(["Bob"]);
    expect(found("ann", "off")).toEqual([]);
  });

  it("come by name, and are counted", () => {
    const all = [
      account({ name: "Zoe" }),
      account({ name: "Abe", disabled_ms: 1 }),
      account({ name: "Ann", enrolled_ms: null, invited_until_ms: 2_000 }),
    ];
    expect(sorted(all).map((a) => a.name)).toEqual(["Ann", "Zoe", "Abe"]);
    expect(summary(all, NOW)).toBe("3 people, 1 invited, 1 switched off");
    expect(summary([account()], NOW)).toBe("1 person");
  });
});

describe("resets", () => {
  const reset = (more: Partial<Reset> = {}): Reset => ({
    id: "r",
    person_id: "owner",
    why: "lost phone",
    called_back: "on file",
    asked_by: "asker",
    asked_ms: 0,
    confirmed_by: null,
    confirmed_ms: null,
    not_before_ms: null,
    ended_ms: null,
    ended_by: null,
    outcome: null,
    ...more,
  });

  it("go through stages", () => {
    expect(stageOf(reset(), NOW)).toBe("asked");
    expect(stageOf(reset({ not_before_ms: NOW + 1 }), NOW)).toBe("waits");
    expect(stageOf(reset({ not_before_ms: NOW }), NOW)).toBe("good");
    expect(stageOf(reset({ ended_ms: 1, outcome: "done" }), NOW)).toBe("done");
    expect(stageOf(reset({ ended_ms: 1, outcome: "refused" }), NOW)).toBe("refused");
  });

  it("are confirmed by neither whoever asked nor the owner", () => {
    expect(notForThem(reset(), "asker")).toMatch(/You asked/);
    expect(notForThem(reset(), "owner")).toMatch(/your own/);
    expect(notForThem(reset(), "third")).toBeUndefined();
  });
});
