/**
 * Where a refused record went wrong. The server tells the byte within what was sent, which is more
 * than the record that it keeps; so the place is looked for in the kept beginning, by the reason.
 */
import type { Schemas } from "../../api/client";

export type Refused = Schemas["Quarantined"];

/** What is drawn for one character, or for one byte that is none. */
export interface Glyph {
  show: string;
  /** The character itself; U+FFFD for a byte that is no part of one. */
  char: string;
  /** Where it begins in the sample, and how many bytes it takes. */
  byte: number;
  bytes: number;
  /** Where it begins in the text, for what is looked for there. */
  index: number;
}

/** The server keeps so much of a record. */
const KEPT = 8 * 1024;

const MOST_DEEP = 32;

export function bytesOf(item: Pick<Refused, "sample" | "sample_encoding">): Uint8Array {
  if (item.sample_encoding !== "base64") return new TextEncoder().encode(item.sample);
  try {
    return Uint8Array.from(atob(item.sample), (char) => char.charCodeAt(0));
  } catch {
    return new TextEncoder().encode(item.sample);
  }
}

const hex = (byte: number): string => `\\x${byte.toString(16).toUpperCase().padStart(2, "0")}`;

/** Characters that draw nothing, or turn the direction of what follows, are shown by their number. */
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;

/** Length of the UTF-8 sequence that begins at `at`; 0 when none does. */
function sequence(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const length = lead < 0x80 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length));
    return at + length <= bytes.length ? length : 0;
  } catch {
    return 0;
  }
}

/** The sample as it is drawn, character by character. */
export function glyphs(bytes: Uint8Array): Glyph[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const out: Glyph[] = [];
  let index = 0;
  for (let byte = 0; byte < bytes.length;) {
    const length = sequence(bytes, byte);
    const char = length > 0 ? decoder.decode(bytes.subarray(byte, byte + length)) : "\uFFFD";
    const code = char.codePointAt(0) ?? 0;
    const show =
      length === 0
        ? hex(bytes[byte] ?? 0)
        : HIDDEN.test(char)
          ? code < 0x100
            ? hex(code)
            : `\\u{${code.toString(16).toUpperCase()}}`
          : char;
    out.push({ show, char, byte, bytes: Math.max(length, 1), index });
    index += char.length;
    byte += Math.max(length, 1);
  }
  return out;
}

type Expect = "value" | "value or ]" | "key" | "key or }" | "colon" | "more" | "end";

/**
 * Where a text stops being JSON, as an index into it; its length when it ends too early; nothing
 * when it is JSON. `deepest` is how deep it may be nested.
 */
export function jsonFault(text: string, deepest = Infinity, strict = false): number | undefined {
  const stack: ("{" | "[")[] = [];
  let expect: Expect = "value";
  let at = 0;
  const after = (): Expect => (stack.length > 0 ? "more" : "end");
  while (at < text.length) {
    const char = text.charAt(at);
    if (/[ \t\r\n]/.test(char)) {
      at += 1;
      continue;
    }
    switch (expect) {
      case "value":
      case "value or ]": {
        if (char === "]" && expect === "value or ]") {
          stack.pop();
          expect = after();
          at += 1;
        } else if (char === "{" || char === "[") {
          if (stack.length >= deepest) return at;
          stack.push(char);
          expect = char === "{" ? "key or }" : "value or ]";
          at += 1;
        } else {
          const end = scalar(text, at, strict);
          if (end < 0) return -end - 1;
          at = end;
          expect = after();
        }
        break;
      }
      case "key":
      case "key or }": {
        if (char === "}" && expect === "key or }") {
          stack.pop();
          expect = after();
          at += 1;
        } else {
          if (char !== '"') return at;
          const end = string(text, at, strict);
          if (end < 0) return -end - 1;
          at = end;
          expect = "colon";
        }
        break;
      }
      case "colon":
        if (char !== ":") return at;
        expect = "value";
        at += 1;
        break;
      case "more": {
        const inObject = stack.at(-1) === "{";
        if (char === ",") expect = inObject ? "key" : "value";
        else if (char === (inObject ? "}" : "]")) {
          stack.pop();
          expect = after();
        } else return at;
        at += 1;
        break;
      }
      case "end":
        return at;
    }
  }
  return expect === "end" ? undefined : text.length;
}

/** Where a string ends; `-1 - place` of its fault. */
function string(text: string, from: number, strict: boolean): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === '"') return at + 1;
    if (char === "\\") {
      const next = text.charAt(at + 1);
      if (next === "u") {
        const digits = /^[0-9a-fA-F]*/.exec(text.slice(at + 2, at + 6))?.[0].length ?? 0;
        if (digits < 4) return -1 - Math.min(at + 2 + digits, text.length);
        at += 5;
      } else if (next !== "" && !'"\\/bfnrt'.includes(next)) return -1 - (at + 1);
      else at += 1;
    } else if (char < " " && (strict || !"\n\r\t".includes(char))) {
      // Where secrets were masked, line ends were made real: these are no fault of the record.
      return -1 - at;
    }
  }
  return -1 - text.length;
}

/** Where a string, number or word ends; `-1 - place` of its fault. */
function scalar(text: string, at: number, strict: boolean): number {
  if (text.charAt(at) === '"') return string(text, at, strict);
  const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
  number.lastIndex = at;
  const found = number.exec(text);
  if (found) return at + found[0].length;
  const word = ["true", "false", "null"].find((w) => w.startsWith(text.charAt(at)));
  if (!word) return -1 - at;
  for (let i = 0; i < word.length; i += 1) if (text[at + i] !== word[i]) return -1 - Math.min(at + i, text.length);
  return at + word.length;
}

/** Where the value of the attribute that a reason names begins, if the record has exactly one of that name. */
function valueOf(text: string, name: string): number | undefined {
  const last = name.split(".").at(-1) ?? name;
  const wanted = new RegExp(`${JSON.stringify(last).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*:\\s*`, "g");
  const all = [...text.matchAll(wanted)];
  return all.length === 1 && all[0] ? all[0].index + all[0][0].length : undefined;
}

/**
 * Which glyph is at fault: its place in `drawn`, the length of `drawn` when the record ends too
 * early, or nothing when that cannot be told.
 */
export function faultOf(item: Refused, drawn: Glyph[]): number | undefined {
  const end = drawn.at(-1);
  const kept = end ? end.byte + end.bytes : 0;
  const text = drawn.map((g) => g.char).join("");
  const at = (index: number | undefined): number | undefined => {
    if (index === undefined) return undefined;
    if (index >= text.length) return kept >= KEPT ? undefined : drawn.length;
    const place = drawn.findIndex((g, i) => index >= g.index && index < (drawn[i + 1]?.index ?? Infinity));
    return place < 0 ? undefined : place;
  };
  const json = /^\s*[{[]/.test(text);
  switch (item.code) {
    case "encoding": {
      const odd = drawn.findIndex((g) => g.char === "\uFFFD" && g.bytes === 1);
      if (odd >= 0) return odd;
      break;
    }
    case "syntax":
      if (json) {
        const found = at(jsonFault(text, Infinity, item.reason.includes("control character")));
        if (found !== undefined) return found;
        return undefined;
      }
      break;
    case "too_deep":
      if (json) return at(jsonFault(text, MOST_DEEP));
      break;
    case "field_type": {
      const name = /`([^`]+)`/.exec(item.reason)?.[1];
      return name && json ? at(valueOf(text, name)) : undefined;
    }
    case "class_not_allowed":
      return json ? at(valueOf(text, "class_uid")) : undefined;
    case "too_long":
    case "too_many":
    case "empty":
      return undefined;
  }
  // A record on the first line begins where the body begins: the byte told is the byte in it.
  if (item.offset !== null && (item.line ?? 1) <= 1 && item.offset < kept) {
    const byte = item.offset;
    const place = drawn.findIndex((g) => byte >= g.byte && byte < g.byte + g.bytes);
    return place < 0 ? undefined : place;
  }
  return undefined;
}

export interface Excerpt {
  /** Something was left out before, or after. */
  before: boolean;
  after: boolean;
  head: string;
  /** The faulty character; empty when the record ends too early. */
  mark: string;
  tail: string;
}

/** The text around a fault: enough to understand it, little enough to read. */
export function excerpt(drawn: Glyph[], fault: number | undefined, around = 240): Excerpt {
  const from = fault === undefined ? 0 : Math.max(0, fault - around);
  const to = Math.min(drawn.length, (fault ?? around) + around);
  const join = (a: number, b: number) =>
    drawn
      .slice(a, b)
      .map((g) => g.show)
      .join("");
  const head = join(from, fault ?? to);
  return {
    before: from > 0,
    after: to < drawn.length,
    head,
    mark: fault === undefined ? "" : (drawn[fault]?.show ?? ""),
    tail: fault === undefined ? "" : join(fault + 1, to),
  };
}

const CODES: Record<string, string> = {
  syntax: "Not well-formed",
  encoding: "Not text in UTF-8",
  too_long: "Too long",
  too_many: "Too many in one request",
  too_deep: "Nested too deep",
  empty: "Empty",
  field_type: "A field of the wrong type",
  class_not_allowed: "Not allowed to send this",
};

/** The kind of a refusal in words. */
export const sayCode = (code: string): string => CODES[code] ?? code.replaceAll("_", " ");

/** Refusals that are about a whole record: the byte told is where it begins. */
const WHOLE = new Set(["field_type", "class_not_allowed"]);

/** The place as the server told it. */
export function sayPlace(item: Refused): string {
  const parts = [];
  if (item.line !== null) parts.push(`line ${item.line}`);
  if (item.offset !== null && !WHOLE.has(item.code)) parts.push(`byte ${item.offset} of what was sent`);
  return parts.join(", ");
}
