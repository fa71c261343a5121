import { describe, expect, it } from "vitest";
import { type Refused, bytesOf, excerpt, faultOf, glyphs, jsonFault, sayCode, sayPlace } from "./fault";

const refused = (sample: string, more: Partial<Refused> = {}): Refused => ({
  id: "1",
  program: "default",
  source_id: null,
  source: "crm",
  received_ms: 0,
  line: 1,
  offset: 0,
  code: "syntax",
  reason: "",
  sample,
  sample_encoding: "text",
  record_bytes: sample.length,
  ...more,
});

/** The text before the mark, the mark, the text after it. */
const marked = (item: Refused): [string, string, string] => {
  const drawn = glyphs(bytesOf(item));
  const { head, mark, tail } = excerpt(drawn, faultOf(item, drawn));
  return [head, mark, tail];
};

describe("where text stops being JSON", () => {
  it.each([
    ['{"a":1}', undefined],
    [' [1, -2.5e3, true, null, "x\\u00e9\\n", {}, []] ', undefined],
    ['{"broken', 8],
    ['{"a":tru}', 8],
    ['{"b":2,}', 7],
    ["[1,]", 3],
    ['{"a" 1}', 5],
    ['{"a":1 "b":2}', 7],
    ["{'a':1}", 1],
    ['{"a":01}', 6],
    ['{"a":"\\x"}', 7],
    ['{"a":"\\u12G4"}', 10],
    ['{"a":1}}', 7],
    ["{} {}", 3],
    ["", 0],
  ])("%s", (text, place) => expect(jsonFault(text)).toBe(place));

  it("tells where it is nested too deep, and is not brought down by that", () => {
    expect(jsonFault("[".repeat(40), 32)).toBe(32);
    expect(jsonFault("[".repeat(8_000) + "]".repeat(8_000))).toBeUndefined();
  });

  it("takes line ends in strings for the work of masking, unless they are the reason", () => {
    expect(jsonFault('{"a":"x\ny"}')).toBeUndefined();
    expect(jsonFault('{"a":"x\ny"}', Infinity, true)).toBe(7);
  });
});

describe("the place of a fault", () => {
  it("does not depend on the byte within what was sent", () => {
    // The second line of a body: the server says byte 47.
    const item = refused('{"name":"Jürgen 電話 😀", "x": tru}', { line: 2, offset: 47, reason: "expected ident" });
    expect(marked(item)).toEqual(['{"name":"Jürgen 電話 😀", "x": tru', "}", ""]);
  });

  it("is the end when the record ends too early", () => {
    const item = refused('{"broken', { line: 2, offset: 15 });
    const drawn = glyphs(bytesOf(item));
    expect(faultOf(item, drawn)).toBe(drawn.length);
    expect(marked(item)).toEqual(['{"broken', "", ""]);
  });

  it("is not guessed at the end of what was kept", () => {
    const item = refused(`{"a":"${"x".repeat(8 * 1024 - 6)}`);
    expect(faultOf(item, glyphs(bytesOf(item)))).toBeUndefined();
  });

  it("is a byte that is no text, shown by its number", () => {
    const item = refused("eyJhIjogIgH/In0=", { sample_encoding: "base64", code: "encoding", offset: 8 });
    expect(marked(item)).toEqual(['{"a": "\\x01', "\\xFF", '"}']);
  });

  it("is a broken sequence after whole characters of several bytes", () => {
    const bytes = [...new TextEncoder().encode("電é"), 0xe9, 0x9b, 0x22];
    const sample = btoa(String.fromCharCode(...bytes));
    expect(marked(refused(sample, { sample_encoding: "base64", code: "encoding" }))).toEqual([
      "電é",
      "\\xE9",
      '\\x9B"',
    ]);
  });

  it("is the value of the attribute that the reason names", () => {
    const item = refused('{"class_uid":6001,"activity_id":"zz"}', {
      code: "field_type",
      reason: "OCSF attribute `activity_id` must be a whole number from 0 to 255",
    });
    expect(marked(item)).toEqual(['{"class_uid":6001,"activity_id":', '"', 'zz"}']);
  });

  it("is not told where an attribute of that name is there twice", () => {
    const item = refused('{"uid":1,"user":{"uid":2}}', { code: "field_type", reason: "`user.uid` must be a text" });
    expect(faultOf(item, glyphs(bytesOf(item)))).toBeUndefined();
  });

  it("is the class that the source may not send", () => {
    expect(marked(refused('{"class_uid": 4001}', { code: "class_not_allowed" }))[1]).toBe("4");
  });

  it("counts bytes, not characters, where the byte is all there is", () => {
    // One-line records of other formats: `é` takes two bytes, `電` three, `😀` four.
    const item = refused("é電😀=x", { offset: 9 });
    expect(marked(item)).toEqual(["é電😀", "=", "x"]);
    const inside = refused("é電😀=x", { offset: 6 });
    expect(marked(inside)[1]).toBe("😀");
  });

  it("is not told when the byte may lie in another record", () => {
    const item = refused("a=1", { line: 7, offset: 2 });
    expect(faultOf(item, glyphs(bytesOf(item)))).toBeUndefined();
  });
});

describe("what is drawn", () => {
  it("shows what would hide or turn text around", () => {
    const drawn = glyphs(bytesOf(refused("a\u202Eb\u200Bc\u001b[0m")));
    expect(drawn.map((g) => g.show).join("")).toBe("a\\u{202E}b\\u{200B}c\\x1B[0m");
  });

  it("is cut around the fault", () => {
    const drawn = glyphs(new TextEncoder().encode("x".repeat(1_000)));
    const { before, after, head, mark, tail } = excerpt(drawn, 500, 10);
    expect([before, after, head.length, mark, tail.length]).toEqual([true, true, 10, "x", 9]);
  });

  it("has words for codes and places", () => {
    expect(sayCode("field_type")).toBe("A field of the wrong type");
    expect(sayCode("E-NEW-1")).toBe("E-NEW-1");
    expect(sayPlace(refused("", { line: 2, offset: 15 }))).toBe("line 2, byte 15 of what was sent");
    expect(sayPlace(refused("", { line: 2, offset: 15, code: "field_type" }))).toBe("line 2");
    expect(sayPlace(refused("", { line: null, offset: null }))).toBe("");
  });
});
