import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { EXAMPLE, EXAMPLE_EVENTS, skeleton } from "./example";
import {
  type Rule,
  extras,
  matching,
  mistakeOf,
  nextSort,
  safeLink,
  sayCost,
  sayFile,
  sayLogsource,
  sayTag,
  sorted,
  sortOf,
} from "./model";
import { lineSpan, mistakesByLine, mistakesOf, sayResult, sayWhy, whyOf } from "./verdict";

const rule = (title: string, more: Partial<Rule> = {}): Rule => ({
  id: title,
  title,
  level: "medium",
  kind: "detection",
  file: "builtin/x.yml",
  line: 1,
  hits: 0,
  micros: null,
  ...more,
});

describe("the list of rules", () => {
  const rules = [
    rule("b", { level: "critical", hits: 1, micros: 0.5 }),
    rule("a", { level: "low", hits: 9, micros: null }),
    rule("c", { level: "critical", hits: 5, micros: 12, tags: ["attack.t1213"] }),
  ];
  const order = (text?: string) => sorted(rules, sortOf(text)).map((r) => r.title);

  it("is sorted as the address says, most severe first without a word", () => {
    expect(order()).toEqual(["b", "c", "a"]);
    expect(order("hits")).toEqual(["a", "c", "b"]);
    expect(order("-hits")).toEqual(["b", "c", "a"]);
    expect(order("cost")).toEqual(["c", "b", "a"]);
    expect(order("title")).toEqual(["a", "b", "c"]);
    expect(order("-title")).toEqual(["c", "b", "a"]);
    expect(order("nonsense")).toEqual(order());
  });

  it("turns around when a column is chosen again", () => {
    expect(nextSort(sortOf(undefined), "level")).toBe("-level");
    expect(nextSort(sortOf("-level"), "level")).toBeUndefined();
    expect(nextSort(sortOf("hits"), "hits")).toBe("-hits");
    expect(nextSort(sortOf("-hits"), "title")).toBe("title");
  });

  it("is narrowed by words and level", () => {
    expect(matching(rules, "T1213", undefined).map((r) => r.title)).toEqual(["c"]);
    expect(matching(rules, "detection builtin", "critical").length).toBe(2);
    expect(matching(rules, "", "high")).toEqual([]);
  });
});

describe("what a rule says", () => {
  it("in words", () => {
    expect(sayLogsource(rule("a", { logsource: { product: "sip", service: null, category: "signalling" } }))).toBe(
      "sip / signalling",
    );
    expect(sayLogsource(rule("a", { kind: "correlation", logsource: {} }))).toBe("counts other rules");
    expect(sayLogsource(rule("a", { logsource: null }))).toBe("everything");
    expect([sayCost(null), sayCost(0.0432), sayCost(1.27)]).toEqual(["not tried yet", "0.043 µs", "1.3 µs"]);
    expect(sayFile({ file: "/etc/ringfence/rules/windows/a.yml", line: 12 })).toBe("windows/a.yml:12");
    expect(["attack.t1213", "attack.t1059.001", "attack.initial-access", "ringfence.insider"].map(sayTag)).toEqual([
      "ATT&CK T1213",
      "ATT&CK T1059.001",
      "ATT&CK initial access",
      "ringfence.insider",
    ]);
  });

  it("links to the web and nowhere else", () => {
    expect(safeLink("https://attack.mitre.org/")).toBe("https://attack.mitre.org/");
    for (const bad of ["javascript:alert(1)", " https://x", "data:text/html,x", "file:///etc/passwd", "https://", "x"])
      expect([bad, safeLink(bad)]).toEqual([bad, undefined]);
  });

  it("in its own block, whatever that holds", () => {
    expect(extras(rule("a", { ringfence: { message: "m", story: "agent", first_steps: ["x", 3, ""] } }))).toEqual({
      message: "m",
      story: ["agent"],
      steps: ["x"],
    });
    expect(extras(rule("a", { ringfence: null }))).toEqual({ message: undefined, story: [], steps: [] });
  });
});

describe("a mistake", () => {
  it("says which rule and what", () => {
    const told = { file: "a.yml", line: 3, what: "m", rule: null };
    expect(mistakeOf(told)).toEqual({ file: "a.yml", line: 3, title: undefined, message: "m" });
  });
});

describe("the example", () => {
  it("uses words that the documentation has", () => {
    const docs = readFileSync(new URL("../../../../docs/rules.md", import.meta.url), "utf8");
    for (const part of [
      "logsource: { product: contact_center, category: record_access }",
      "condition: export and not reviewer",
    ])
      expect([docs.includes(part), EXAMPLE.includes(part)]).toEqual([true, true]);
    const intake = readFileSync(new URL("../../../../docs/intake.md", import.meta.url), "utf8");
    expect(intake).toContain(EXAMPLE_EVENTS.split("\n")[0]);
  });

  it("takes over a loaded rule without letting its text out of its quotes", () => {
    const text = skeleton(
      rule('x"\nlevel: critical', { file: "a\nb.yml", logsource: { product: "sip", service: null } }),
    );
    expect(text).toContain('title: "x\\"\\nlevel: critical"');
    expect(text).toContain('logsource: { product: "sip" }');
    expect(text.split("\n")[0]).toBe("# Like a b.yml, line 1. Paste its detection here.");
  });
});

describe("a test's result", () => {
  const result = { rules: 1, events: 2, hits: [], hit_count: 0, mistakes: [], took_ms: 12, truncated: false };

  it("is one sentence", () => {
    expect(sayResult(result)).toBe("No hit in 2 events, 12 ms");
    expect(sayResult({ ...result, hit_count: 1, events: 1, took_ms: 2_500 })).toBe("1 hit in 1 event, 2.5 s");
  });

  it("says why", () => {
    expect(whyOf({ matched: [{ field: "activity_name", value: "Export", test: "is `Export`" }] })).toEqual([
      { field: "activity_name", value: "Export", test: "is `Export`" },
    ]);
    expect(
      whyOf({ group: { "rf.agent": "4711" }, count: 41, threshold: 40, first_time: 0, last_time: 60_000 }),
    ).toEqual([
      { field: "count", value: "41", test: "limit is 40" },
      { field: "rf.agent", value: "4711", test: "same for all" },
      { field: "within", value: "1 min 00 s", test: "from the first to the last" },
    ]);
    expect(sayWhy(whyOf({ group: { "rf.agent": "4711" }, count: 41, threshold: 40 }))).toBe("count 41, rf.agent 4711");
    expect(sayWhy(whyOf({ matched: [{ field: "a", value: "x", test: "is `x`" }] }))).toBe("a is `x`");
    expect(whyOf(null)).toEqual([]);
    expect(whyOf({ matched: [null] })).toEqual([{ field: "", value: "", test: "" }]);
  });

  it("puts mistakes on their lines", () => {
    const mistake = (line: number | null, what: string, file = "rule.yml") => ({ file, line, what, rule: null });
    const all = [mistake(2, "a"), mistake(2, "b"), mistake(null, "c"), mistake(null, "line 3: d", "records")];
    const { rule: mine, records } = mistakesOf({ ...result, mistakes: all });
    const lines = mistakesByLine(mine);
    expect(mine.length).toBe(3);
    expect(records.map((m) => m.message)).toEqual(["line 3: d"]);
    expect([...lines]).toEqual([[2, ["a", "b"]]]);
    expect(lineSpan("ab\ncde\n", 2)).toEqual([3, 6]);
    expect(lineSpan("ab", 99)).toEqual([0, 2]);
  });
});
