import { describe, expect, it } from "vitest";
import { cell, csv } from "./csv";

/** Reads CSV as a spreadsheet does that separates by one character. */
function cells(text: string, separator: string): string[] {
  const found: string[] = [];
  let at = 0;
  while (at <= text.length) {
    let one = "";
    if (text[at] === '"') {
      at += 1;
      for (; at < text.length; at += 1) {
        if (text[at] === '"' && text[at + 1] === '"') at += 1;
        else if (text[at] === '"') break;
        one += text[at] ?? "";
      }
      at += 1;
    }
    for (; at < text.length && text[at] !== separator && text[at] !== "\n" && text[at] !== "\r"; at += 1)
      one += text[at] ?? "";
    found.push(one);
    at += 1;
  }
  return found;
}

const formulas = [
  "=cmd|' /C calc'!A0",
  "+SUM(1)",
  "-2+3+cmd|' /C calc'!A0",
  "@SUM(1+1)",
  "|x",
  "%0A=1",
  "\t=1",
  " =1",
  "\r=1",
  "\n=1",
  "\u0000=1",
  "\u200b=1",
  "\uFEFF=1",
  "\uFF1D1+1",
  "a;=1",
  'a";=1',
  'a;"=1',
  "a\t=1",
  "a\n=1",
  "a\r\n@x",
  "a; =1",
  "x;'=1",
  "a,=1",
  'a",=1',
];

describe("a cell", () => {
  it("never begins a formula, whatever the spreadsheet separates by", () => {
    for (const formula of formulas) {
      for (const separator of [",", ";", "\t"]) {
        const line = ["x", cell(formula), "y"].join(",");
        for (const one of cells(line, separator)) {
          expect(
            one.replace(/^[\s"\p{Cc}\p{Cf}]+/u, ""),
            `${JSON.stringify(formula)} by ${JSON.stringify(separator)}`,
          ).not.toMatch(/^[=+\-@|%\uFF1D\uFF0B\uFF0D\uFF20]/);
        }
      }
    }
  });

  it("leaves numbers and what can do no harm as they are", () => {
    expect(cell(-5)).toBe("-5");
    expect(cell(9007199254740993n)).toBe("9007199254740993");
    expect(cell(true)).toBe("true");
    expect(cell(null)).toBe("");
    expect(cell(undefined)).toBe("");
    expect(cell("+12015557886")).toBe("+12015557886");
    expect(cell("-1.5")).toBe("-1.5");
    expect(cell("a-b=c")).toBe("a-b=c");
    expect(cell("user@example.org")).toBe("user@example.org");
  });

  it("is quoted where it must be", () => {
    expect(cell('a "b", c')).toBe('"a ""b"", c"');
    expect(cell("a\nb")).toBe('"a\nb"');
    expect(cell({ a: [1] })).toBe('"{""a"":[1]}"');
  });
});

describe("a table", () => {
  it("has a line of names and one for each row", () => {
    expect(csv(["a", "=b"], [{ a: 1, "=b": "x" }, { a: null }])).toBe("a,'=b\r\n1,x\r\n,\r\n");
  });
});
