// Says what the first page weighs, packed as it is sent, and fails when that is too much.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 350 * 1024;
const dist = new URL("../dist/", import.meta.url);
const read = (path) => readFileSync(new URL(path, dist));
const html = read("index.html").toString();
const files = new Set([...html.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map((m) => m[1]));
// What those import at once is part of it, and so is the page that `/` shows.
const start = [...files].find((f) => f.endsWith(".js"));
const now = /import\(`?["'`]?\.\/(Now-[^"'`)]+\.js)/.exec(read(start).toString())?.[1];
if (!now) throw new Error("the start page is not where it was looked for");
files.add(`assets/${now}`);
for (const file of files) {
  for (const [, next] of read(file)
    .toString()
    .matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g))
    files.add(`assets/${next}`);
}
for (const name of [
  ...read(start)
    .toString()
    .matchAll(/assets\/(Now-[\w-]+\.css)/g),
].map((m) => m[1]))
  files.add(`assets/${name}`);
let sum = 0;
for (const file of files) sum += gzipSync(read(file), { level: 9 }).length;
console.log(
  `goal console-first-route-kib measured ${(sum / 1024).toFixed(0)} wanted 350 ${sum <= LIMIT ? "ok" : "short"}`,
);
process.exit(sum <= LIMIT ? 0 : 1);
