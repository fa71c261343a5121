import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type BundleVerdict, checkBundle, sentRecords } from "./bundle";
import { utf8 } from "./note";

/** What the server's own code wrote: three records, of which one was erased. */
const GOOD = readFileSync(new URL("../../../crates/evidence/tests/golden/bundle.jsonl", import.meta.url), "utf8");
const LINES = GOOD.split(/(?<=\n)/);
const { key: KEY } = JSON.parse(LINES[0] ?? "") as { key: string };
/** Another log's. */
const OTHER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

const run = (text: string, key: string | undefined = KEY): Promise<BundleVerdict> =>
  checkBundle(utf8(text) ?? new Uint8Array(), key);

async function wrong(text: string): Promise<string[]> {
  const verdict = await run(text);
  if (verdict.is === "bad") return [verdict.why];
  const records = verdict.records.flatMap(({ line, index, wrong }) =>
    wrong === undefined ? [] : [`line ${line}, entry ${String(index)}: ${wrong}`],
  );
  return [...records, ...verdict.faults];
}

describe("a bundle", () => {
  it("is checked record by record, with a key or its own", async () => {
    for (const key of [KEY, undefined]) {
      const verdict = await run(GOOD, key);
      if (verdict.is === "bad") throw new Error(verdict.why);
      expect(verdict.faults).toEqual([]);
      expect(verdict.records.map(({ line, index, wrong }) => [line, index, wrong])).toEqual([
        [2, 1, undefined],
        [3, 17, undefined],
        [4, 39, undefined],
      ]);
      expect(verdict.records.map(({ text }) => text === null)).toEqual([false, true, false]);
      expect([verdict.size, verdict.about.by, verdict.about.filter]).toEqual([40n, "Ada", { kind: "account" }]);
    }
  });

  it("names what was done to it", async () => {
    const without = (at: number) => LINES.filter((_, n) => n !== at).join("");
    const swapped = [LINES[0], LINES[1], LINES[3], LINES[2], LINES[4]].join("");
    const cases: [string, string, RegExp[]][] = [
      ["a record", GOOD.replace('\\"n\\":39', '\\"n\\":38'), [/line 4, entry 39: .*not the one/, /changed, removed/]],
      ["an index", GOOD.replace('"index":17', '"index":18'), [/line 3, entry 18: .*that of entry 17/, /changed/]],
      ["an entry", GOOD.replace("v1 1795000000017", "v1 1795000000018"), [/entry 17: .*not in the log/, /changed/]],
      ["a form", GOOD.replace('"index":17', '"index": 17'), [/line 3.*cannot be read/, /changed/]],
      ["two of a name", GOOD.replace('"index":17', '"index":1,"index":17'), [/line 3.*cannot be read/, /changed/]],
      ["one less", without(2), [/signed 3 records, and there are 2/, /changed/]],
      ["the order", swapped, [/line 4, entry 17: .*order/, /changed/]],
      ["no end", without(4), [/cut off/]],
      ["half an end", GOOD.slice(0, -20), [/cut off/]],
      ["more", `${GOOD}{}\n`, [/Line 6: something/]],
      ["a count", GOOD.replace("records 3", "records 4"), [/not signed by the log/]],
      ["who", GOOD.replace("Ada", "Eve"), [/changed/]],
      ["the checkpoint", GOOD.replace("\\n40\\n", "\\n41\\n"), [/signature under the log's checkpoint is false/]],
      ["the first line", without(0), [/no bundle/]],
      ["nothing", "", [/the file is empty/]],
    ];
    for (const [name, text, wanted] of cases) {
      expect(text, name).not.toBe(GOOD);
      const told = await wrong(text);
      expect(told.length, `${name}: ${told.join("; ")}`).toBe(wanted.length);
      told.forEach((one, at) => expect(one, name).toMatch(wanted[at] ?? /none/));
    }
  });

  it("says how much was sent, and when its end did not come", async () => {
    const sent = (text: string) => sentRecords(new Blob([text]));
    expect(await sent(GOOD)).toBe(3);
    for (const cut of [GOOD.slice(0, -1), LINES.slice(0, 4).join(""), ""]) expect(await sent(cut)).toBeUndefined();
  });

  it("is not one of this log with another key", async () => {
    const verdict = await run(GOOD, OTHER);
    expect(verdict).toMatchObject({ is: "bad", why: expect.stringMatching(/another log/) as string });
    // Nor with one that somebody put into it.
    const told = await wrong(GOOD.replace(KEY, OTHER));
    expect(told[0]).toMatch(/another log/);
    const own = await checkBundle(utf8(GOOD.replace(KEY, OTHER)) ?? new Uint8Array(), undefined);
    expect(own).toMatchObject({ is: "bad", why: expect.stringMatching(/signed by another log/) as string });
  });

  it("may not lack a record when it is of the whole log", async () => {
    const told = await wrong(GOOD.replace('{"kind":"account"}', "{}"));
    expect(told.filter((one) => one.includes("missing"))).toEqual([
      "Entries 0 to 0 are missing, although the bundle is of the whole log.",
      "Entries 2 to 16 are missing, although the bundle is of the whole log.",
      "Entries 18 to 38 are missing, although the bundle is of the whole log.",
    ]);
  });
});
