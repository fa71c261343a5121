import { describe, expect, it } from "vitest";
import { SOON_MS, standingOf } from "./credentials";

const END = 100 * 86_400_000;
const whole = { not_after_ms: END, until_ms: END, revoked_ms: null };

describe("how a certificate stands", () => {
  it("is good until its end comes near", () => {
    expect(standingOf(whole, END - SOON_MS)).toBe("good");
    expect(standingOf(whole, END - SOON_MS + 1)).toBe("ends soon");
    expect(standingOf(whole, END - 1)).toBe("ends soon");
    expect(standingOf(whole, END)).toBe("over");
  });

  it("is to end once it was renewed, and that is nothing to speak of", () => {
    expect(standingOf({ ...whole, until_ms: 5 }, 4)).toBe("renewed");
    expect(standingOf({ ...whole, until_ms: 5 }, 5)).toBe("over");
  });

  it("stays revoked", () => {
    expect(standingOf({ ...whole, revoked_ms: 3 }, 4)).toBe("revoked");
    expect(standingOf({ ...whole, revoked_ms: 3 }, END + 1)).toBe("revoked");
  });
});
