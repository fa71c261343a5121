import { describe, expect, it } from "vitest";
import { fieldLabel, readReason, readTest, sayGroup, sayThreshold } from "./reason";

describe("matched fields", () => {
  it("says what was seen in words", () => {
    const why = readReason({
      matched: [
        { field: "activity_name", value: "Read", test: "is `Read`" },
        { field: "call.state", value: "none", test: "is `none`" },
        { field: "sip.request_user", value: "+252610039", test: "matches /^\\+?(?:979|252)\\d{5,}$/" },
      ],
    });
    expect(why.kind).toBe("matched");
    if (why.kind !== "matched") return;
    expect(why.fields.map((f) => [f.label, f.says ?? f.value])).toEqual([
      ["What was done", "Read"],
      ["The agent's call then", "no call"],
      ["Called number", "+252610039"],
    ]);
    expect(why.fields.map((f) => f.test.plain)).toEqual([true, true, false]);
    expect(why.fields[2]?.test).toMatchObject({ verb: "matches the pattern", text: "^\\+?(?:979|252)\\d{5,}$" });
  });

  it("takes tests apart", () => {
    expect(readTest("is `Read`", "read")).toEqual({ verb: "is", text: "Read", plain: true });
    expect(readTest("starts with `a``b`", "a`bc")).toMatchObject({ verb: "starts with", text: "a``b", plain: false });
    expect(readTest("is `Root` (same case)", "Root")).toMatchObject({ verb: "is (same case)", plain: true });
    expect(readTest("is 2", "2")).toEqual({ verb: "is 2", text: "", plain: true });
    expect(readTest("is at least 5", "9")).toEqual({ verb: "is at least 5", text: "", plain: false });
    expect(readTest("is present", "x")).toMatchObject({ verb: "is present", plain: false });
  });

  it("names fields that it does not know, and is not led by names of objects", () => {
    expect(fieldLabel("rf.site")).toBe("Site");
    expect(fieldLabel("rf.src_ip")).toBe("Address");
    expect(fieldLabel("http.request.length")).toBe("Http request length");
    expect(fieldLabel("constructor")).toBe("Constructor");
    const why = readReason({ matched: [{ field: "call.state", value: "toString", test: "is `toString`" }] });
    expect(why.kind === "matched" && why.fields[0]?.says).toBeUndefined();
  });
});

describe("counted events", () => {
  it("reads what a correlation counted", () => {
    expect(
      readReason({ group: { "rf.agent": "A4105" }, count: 4, threshold: 4, first_time: 100, last_time: 900 }),
    ).toEqual({
      kind: "counted",
      count: 4,
      threshold: 4,
      group: [{ field: "rf.agent", label: "Agent", value: "A4105" }],
      from_ms: 100,
      to_ms: 900,
    });
  });

  it("sets the count against the threshold", () => {
    expect(sayThreshold(4, 4)).toBe("The rule fires from 4 on: it had just got there.");
    expect(sayThreshold(51, 3)).toBe("The rule fires from 3 on. This is 17 times as many.");
    expect(sayThreshold(5, 4)).toBe("The rule fires from 4 on.");
    expect(sayThreshold(1, 1)).toBe("One is enough.");
    expect(sayThreshold(2, 0)).toBe("All parts of the rule happened together.");
    expect(
      sayGroup([
        { label: "Agent", value: "A1" },
        { label: "Sip user", value: "1000" },
      ]),
    ).toBe("agent A1 and sip user 1000");
  });
});

describe("anything else", () => {
  it("is unknown, not wrong", () => {
    for (const reason of [null, "x", [], {}, { matched: [] }, { matched: [7] }, { count: "many" }])
      expect(readReason(reason).kind).toBe("unknown");
  });
});
