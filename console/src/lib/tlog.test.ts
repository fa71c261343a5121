import { beforeAll, describe, expect, it } from "vitest";
import { type Bytes, fromBase64, join, parseKey, parseNote, sha256, toBase64, utf8, verify } from "./note";
import { type Entry, check, checkBare, leafHash, leafText, nodeHash, rootOf, wrongWithKey } from "./tlog";

const NAME = "rf.example/evidence/0a1b2c3d";
const MOST = 20;

const bytesOf = (text: string): Bytes => utf8(text) ?? new Uint8Array();

interface Signer {
  vkey: string;
  sign: (text: string) => Promise<string>;
}

async function signer(name: string): Promise<Signer> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const typed = join(Uint8Array.of(1), raw);
  const id = (await sha256(bytesOf(`${name}\n`), typed)).slice(0, 4);
  const digits = Array.from(id, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    vkey: `${name}+${digits}+${toBase64(typed)}`,
    sign: async (text) => {
      const made = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytesOf(text)));
      return `\u2014 ${name} ${toBase64(join(id, made))}\n`;
    },
  };
}

/** The root of some leaves, by the definition of RFC 6962, 2.1. */
async function root(leaves: readonly Bytes[]): Promise<Bytes> {
  const [first] = leaves;
  if (leaves.length < 2) return first ?? sha256();
  const middle = split(leaves.length);
  return nodeHash(await root(leaves.slice(0, middle)), await root(leaves.slice(middle)));
}

/** The path from a leaf, by the definition of RFC 6962, 2.1.1. */
async function pathTo(leaves: readonly Bytes[], index: number): Promise<Bytes[]> {
  if (leaves.length < 2) return [];
  const middle = split(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return index < middle
    ? [...(await pathTo(left, index)), await root(right)]
    : [...(await pathTo(right, index - middle)), await root(left)];
}

function split(size: number): number {
  let half = 1;
  while (half * 2 < size) half *= 2;
  return half;
}

let log: Signer;
let other: Signer;
let records: { time_ms: number; kind: string; text: string; salt: string }[];
let leaves: Bytes[];

beforeAll(async () => {
  log = await signer(NAME);
  other = await signer(NAME);
  records = Array.from({ length: MOST }, (_, n) => ({
    time_ms: 1_795_000_000_000 + n,
    kind: "account",
    text: `{"who":"ada","what":"gave Zoë role ${n}"}`,
    salt: toBase64(crypto.getRandomValues(new Uint8Array(32))),
  }));
  leaves = await Promise.all(records.map(async (record) => leafHash(await leafText(record))));
});

const textOf = async (size: number) => `${NAME}\n${size}\n${toBase64(await root(leaves.slice(0, size)))}\n`;

async function proofOf(index: number, size: number, by = log): Promise<string> {
  const text = await textOf(size);
  const path = await pathTo(leaves.slice(0, size), index);
  const lines = path.map((hash) => `${toBase64(hash)}\n`).join("");
  return `c2sp.org/tlog-proof@v1\nindex ${index}\n${lines}\n${text}\n${await by.sign(text)}`;
}

async function entryOf(index: number, size: number): Promise<Entry & { proof: string; text: string; salt: string }> {
  const record = records[index];
  if (!record) throw new Error(`no record ${index}`);
  return { index, ...record, proof: await proofOf(index, size) };
}

/** Changes one character of base64 so that it stands for other bytes. */
const turned = (coded: string, at = 3): string =>
  coded.slice(0, at) + (coded.charAt(at) === "A" ? "B" : "A") + coded.slice(at + 1);

/** What is wrong with an entry, and at which step. */
async function fault(entry: Entry, key = log.vkey): Promise<[string, string]> {
  const verdict = await check(entry, key);
  if (verdict.is !== "bad") throw new Error(`it is ${verdict.is}`);
  return [verdict.step, verdict.why];
}

describe("an entry of the evidence log", () => {
  it("is proved at each place of each small tree", async () => {
    for (let size = 1; size <= MOST; size += 1)
      for (let index = 0; index < size; index += 1)
        expect(await check(await entryOf(index, size), log.vkey), `${index} of ${size}`).toEqual({
          is: "good",
          size: BigInt(size),
        });
  });

  it("is proved without its record, by what the log has of it", async () => {
    const { index, time_ms, kind, proof, ...record } = await entryOf(5, 13);
    const entry = await leafText({ time_ms, kind, ...record });
    const bare = { index, time_ms, kind, proof, entry };
    expect(await checkBare(bare, log.vkey)).toEqual({ is: "good", size: 13n });
    expect(await checkBare({ ...bare, entry: null }, log.vkey)).toEqual({ is: "waits" });
    for (const wrong of [
      { ...bare, time_ms: time_ms + 1 },
      { ...bare, kind: "access" },
      { ...bare, index: 6 },
      { ...bare, entry: turned(entry, entry.length - 10) },
      { ...bare, proof: await proofOf(6, 13) },
      { ...bare, proof: await proofOf(5, 13, other) },
    ])
      expect((await checkBare(wrong, log.vkey)).is).toBe("bad");
  });

  it("is proved at no other place", async () => {
    const whole = leaves.slice(0, 13);
    const path = await pathTo(whole, 5);
    const wanted = toBase64(await root(whole));
    for (let index = 0n; index < 13n; index += 1n) {
      const found = await rootOf(whole[5] ?? new Uint8Array(), index, 13n, path).then(toBase64, () => "");
      expect(found === wanted, `${index}`).toBe(index === 5n);
    }
  });

  it("fails when anything of it is another, and says what", async () => {
    const entry = await entryOf(5, 13);
    const lines = entry.proof.split("\n");
    const path = lines[2] ?? "";
    const signed = lines.at(-2) ?? "";
    const apart = /not the one that was logged, or the proof is not its own/;
    const cases: [string, Entry, string, RegExp][] = [
      ["text", { ...entry, text: entry.text.replace("gave", "Gave") }, "path", apart],
      ["salt", { ...entry, salt: turned(entry.salt) }, "path", apart],
      ["time", { ...entry, time_ms: entry.time_ms + 1 }, "path", apart],
      ["kind", { ...entry, kind: "accounts" }, "path", apart],
      ["path", { ...entry, proof: entry.proof.replace(path, turned(path)) }, "path", apart],
      ["path, shorter", { ...entry, proof: entry.proof.replace(`${path}\n`, "") }, "path", /another length/],
      ["path, longer", { ...entry, proof: entry.proof.replace(path, `${path}\n${path}`) }, "path", /another length/],
      ["index asked for", { ...entry, index: 6 }, "path", /that of entry 5, and not of 6/],
      ["index proved", { ...entry, proof: entry.proof.replace("index 5", "index 4") }, "path", /entry 4, and not of 5/],
      ["both", { ...entry, index: 4, proof: entry.proof.replace("index 5", "index 4") }, "path", apart],
      [
        "beyond",
        { ...entry, index: 13, proof: entry.proof.replace("index 5", "index 13") },
        "path",
        /not among the 13/,
      ],
      ["size", { ...entry, proof: entry.proof.replace("\n13\n", "\n12\n") }, "signature", /signature .* is false/],
      ["root", { ...entry, proof: changedLine(entry.proof, -4) }, "signature", /signature .* is false/],
      ["origin", { ...entry, proof: entry.proof.replace(`\n${NAME}\n`, `\n${NAME}x\n`) }, "signature", /is false/],
      [
        "signature",
        { ...entry, proof: entry.proof.replace(signed, turned(signed, signed.length - 9)) },
        "signature",
        /is false/,
      ],
      ["its length", { ...entry, proof: shortSignature(entry.proof) }, "signature", /is false/],
      ["signer", { ...entry, proof: await proofOf(5, 13, other) }, "log", /another log, or with another key/],
    ];
    for (const [what, changed, step, why] of cases) {
      const [at, said] = await fault(changed);
      expect(at, `${what}: ${said}`).toBe(step);
      expect(said, what).toMatch(why);
    }
  });

  it("fails with another key, or none", async () => {
    const entry = await entryOf(5, 13);
    expect(await fault(entry, other.vkey)).toEqual(["log", expect.stringContaining("another key")]);
    expect(await fault(entry, (await signer("rf.other/evidence")).vkey)).toEqual([
      "log",
      expect.stringContaining("not by rf.other/evidence"),
    ]);
    const changed = log.vkey.slice(0, -6) + turned(log.vkey.slice(-6), 0);
    expect(await fault(entry, changed)).toEqual(["key", expect.stringContaining("does not fit its own name")]);
    expect(await fault(entry, log.vkey.replace(NAME, "rf.elsewhere"))).toEqual([
      "key",
      expect.stringContaining("does not fit its own name"),
    ]);
    for (const none of ["", "key", `${log.vkey} `, `${log.vkey}\n`, log.vkey.replace("+", " ")])
      expect((await fault(entry, none))[0], none).toBe("key");
  });

  it("of another log is not taken, whoever signed it", async () => {
    const entry = await entryOf(0, 1);
    const text = (await textOf(1)).replace(NAME, "rf.elsewhere");
    const proof = `c2sp.org/tlog-proof@v1\nindex 0\n\n${text}\n${await log.sign(text)}`;
    expect(await fault({ ...entry, proof })).toEqual(["log", "The checkpoint is that of another log: rf.elsewhere."]);
  });

  it("may be signed by others as well, and by the log only truly", async () => {
    const entry = await entryOf(5, 13);
    const witness = await signer("witness.example");
    const more = entry.proof + (await witness.sign(await textOf(13)));
    expect(await check({ ...entry, proof: more }, log.vkey)).toEqual({ is: "good", size: 13n });
    const twice = entry.proof + (await log.sign("something else\n"));
    expect((await fault({ ...entry, proof: twice }))[0]).toBe("signature");
  });

  it("may have something extra in its proof, and nothing else", async () => {
    const entry = await entryOf(5, 13);
    const extra = (line: string) => ({ ...entry, proof: entry.proof.replace("\nindex", `\n${line}\nindex`) });
    expect(await check(extra("extra AAAA"), log.vkey)).toEqual({ is: "good", size: 13n });
    for (const line of ["extra AAA", "extra AAAA\nextra AAAA", "more", ""])
      expect((await fault(extra(line)))[0], line).toBe("proof");
  });

  it("has a proof in one form only", async () => {
    const entry = await entryOf(5, 13);
    const { proof } = entry;
    for (const wrong of [
      "",
      proof.replace("@v1", "@v2"),
      proof.replace("index 5", "index 05"),
      proof.replace("index 5", "index +5"),
      proof.replace("index 5", "index 18446744073709551616"),
      proof.replace("index 5\n", ""),
      proof.replace("=\n", "\n"),
      proof.replace("\n\n", "\n"),
      proof.replace("\n", "\r\n"),
      proof.replace("\n13\n", "\n013\n"),
      proof.slice(0, -1),
      `${proof}\n`,
      `${proof}more\n`,
      proof.replace("\u2014", "-"),
      `${proof.trimEnd()} \n`,
    ])
      expect(["proof", "signature"], wrong).toContain((await fault({ ...entry, proof: wrong }))[0]);
  });

  it("has one form itself", async () => {
    const entry = await entryOf(5, 13);
    for (const wrong of [
      { time_ms: 1.5 },
      { time_ms: Number.NaN },
      { kind: "" },
      { kind: "account 1" },
      { salt: "AAAA" },
      { salt: ` ${entry.salt}` },
      { text: "\ud800" },
      { salt: null },
      { text: null },
    ])
      expect((await fault({ ...entry, ...wrong }))[0], JSON.stringify(wrong)).toBe("entry");
  });

  it("that is no entry at all fails like any other", async () => {
    for (const wrong of [{}, { text: "", salt: "", proof: 1 }, { text: "", salt: "" }])
      expect(await fault(wrong as unknown as Entry), JSON.stringify(wrong)).toEqual(["proof", expect.any(String)]);
  });

  it("that was erased is signed for, and no more", async () => {
    const entry = { ...(await entryOf(5, 13)), text: null, salt: null };
    expect(await check(entry, log.vkey)).toEqual({ is: "erased", size: 13n });
    expect((await fault(entry, other.vkey))[0]).toBe("log");
    expect((await fault({ ...entry, index: 6 }))[0]).toBe("path");
  });

  it("that is not in the log yet is not proved", async () => {
    const entry = { ...(await entryOf(5, 13)), proof: null };
    expect(await check(entry, log.vkey)).toEqual({ is: "waits" });
    expect((await fault(entry, "no key"))[0]).toBe("key");
  });

  it("is found in a log of more entries than 32 bits count", async () => {
    // A right child at each level below the border, by the other way to say the same: inner and border.
    const [index, size] = [2n ** 40n + 5n, 2n ** 41n + 7n];
    const leaf = leaves[0] ?? new Uint8Array();
    const inner = (index ^ (size - 1n)).toString(2).length;
    const border = (index >> BigInt(inner)).toString(2).replaceAll("0", "").length;
    const path = Array.from({ length: inner + border }, (_, n) => leaves[n % MOST] ?? leaf);
    let wanted = leaf;
    for (const [level, beside] of path.entries()) {
      const right = level >= inner || ((index >> BigInt(level)) & 1n) === 1n;
      wanted = right ? await nodeHash(beside, wanted) : await nodeHash(wanted, beside);
    }
    expect(await rootOf(leaf, index, size, path)).toEqual(wanted);
    await expect(rootOf(leaf, index, size, path.slice(1))).rejects.toThrow("another length");
    await expect(rootOf(leaf, size, size, path)).rejects.toThrow("not among");
  });
});

describe("a signed note", () => {
  const KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  const NOTE =
    "This is an example message.\n\n\u2014 example.com/foo " +
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

  it("of the specification is taken, and no other text under its signature", async () => {
    const key = await parseKey(KEY);
    expect(key.name).toBe("example.com/foo");
    const note = parseNote(NOTE);
    expect(note.text).toBe("This is an example message.\n");
    await expect(verify(note, key)).resolves.toBeUndefined();
    await expect(verify(parseNote(NOTE.replace("an", "An")), key)).rejects.toThrow("is false");
  });

  it("has keys whose id is theirs", async () => {
    expect(await wrongWithKey(KEY)).toBeUndefined();
    expect(await wrongWithKey(KEY.replace("530d903a", "530d903b"))).toMatch(/does not fit/);
    expect(await wrongWithKey(KEY.replace("+Aek", "+Bek"))).toMatch(/of a kind/);
    expect(await wrongWithKey(KEY.slice(0, -1))).toMatch(/not written/);
  });

  it("has base64 in one form", () => {
    for (const wrong of ["AAA", "AAAB=", "AAF=", " AAAA", "AA\nAA", "AA-_"]) expect(fromBase64(wrong)).toBeUndefined();
    expect(fromBase64("")).toEqual(new Uint8Array());
  });
});

/** The text with the bytes of one of its lines changed. */
function changedLine(text: string, at: number): string {
  const lines = text.split("\n");
  const here = lines.length + at;
  return lines.with(here, turned(lines[here] ?? "")).join("\n");
}

/** The proof with a signature of fewer bytes. */
function shortSignature(proof: string): string {
  const [before = "", coded = ""] = proof.trimEnd().split(/ (?=[^ ]+$)/u);
  return `${before} ${toBase64((fromBase64(coded) ?? new Uint8Array()).slice(0, -1))}\n`;
}
