/** Starts `ringfence serve` in a folder of its own, feeds it a shift and captured attacks, enrols the first administrator. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type APIRequestContext, request } from "@playwright/test";
import { enrol, newSomeone, outside } from "./accounts";
import { failedLogOn } from "./events";
import { ATTACKER, BROKEN, RULE, call, logOns } from "./hostile";

export const TOKEN = `console-${crypto.randomUUID()}${crypto.randomUUID()}`;
const HEP = "hep";

const config = (folder: string, url: string, issuer: string): string => `version = 1
[server]
public_url = "${url}"
[[access.provider]]
name = "company"
label = "The company"
issuer = "${issuer}"
client_id = "ringfence"
client_secret = { file = ${JSON.stringify(join(folder, "secret"))} }
match = "preferred_username"
mfa = { amr = ["mfa"] }
[rules]
folders = [${JSON.stringify(join(folder, "rules"))}]
[[source]]
name = "sip-edge"
site = "main"
[[listeners.hep_udp]]
name = "${HEP}"
listen = "127.0.0.1:0"
source = "sip-edge"
allow = ["127.0.0.0/8"]
plain_udp = true
`;

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));

async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await sleep(200);
  }
}

/** Passkeys are made for an address, which the server has to know before it starts. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

/** A real provider of sign-in, where people are who they say they are. */
async function provider(client: { redirect_uris: string[] }): Promise<{ issuer: string; process: ChildProcess }> {
  const process_ = spawn(process.execPath, ["scripts/provider.mjs", JSON.stringify(client)], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const line = await new Promise<string>((said, failed) => {
    process_.stdout.once("data", (data: Buffer) => said(data.toString()));
    process_.once("exit", () => failed(new Error("the provider ended: npm ci")));
  });
  return { issuer: (JSON.parse(line) as { issuer: string }).issuer, process: process_ };
}

export default async function setup(): Promise<() => Promise<void>> {
  const program = process.env["RINGFENCE"];
  if (!program) throw new Error("RINGFENCE: path of the program");
  const folder = mkdtempSync(join(tmpdir(), "ringfence-console."));
  const log = join(folder, "log");
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const company = await provider({ redirect_uris: [`${url}/signin/from/company`] });
  writeFileSync(join(folder, "secret"), "a secret of a test: 100% & more");
  writeFileSync(join(folder, "ringfence.toml"), config(folder, url, company.issuer));
  mkdirSync(join(folder, "rules"));
  writeFileSync(join(folder, "rules", "hostile.yml"), RULE);
  writeFileSync(join(folder, "rules", "broken.yml"), BROKEN);
  const sh = `exec "$0" serve --config "$1/ringfence.toml" --data "$1/data" --listen 127.0.0.1:${port} 2>"$1/log"`;
  const server: ChildProcess = spawn("sh", ["-c", sh, program, folder], {
    env: { ...process.env, RINGFENCE_ADMIN_TOKEN: TOKEN },
    stdio: "ignore",
  });
  const end = async () => {
    // Its end of input ends it.
    company.process.stdin?.end();
    server.kill("SIGTERM");
    await until("the end of the server", 30, () =>
      (server.exitCode ?? server.signalCode) === null ? undefined : true,
    );
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const said = (pattern: RegExp) => (existsSync(log) ? pattern.exec(readFileSync(log, "utf8"))?.[1] : undefined);
    await until("the server", 60, () => {
      if (server.exitCode !== null) throw new Error(readFileSync(log, "utf8"));
      return said(/"message":"serving".*?"address":"([^"]+)"/);
    });
    const hep = said(new RegExp(`"listener":"${HEP}","addr":"([^"]+)"`)) ?? "";
    const env = { ...process.env, RINGFENCE_ADMIN_TOKEN: TOKEN, RINGFENCE_TOKEN: TOKEN, RINGFENCE_SERVER: url };
    const captures = readdirSync("../samples/sip").filter((name) => name.endsWith(".pcap"));
    execFileSync(program, ["replay", "--hep", hep, ...captures.map((name) => `../samples/sip/${name}`)], {
      env,
      stdio: "ignore",
    });
    const shift = ["simulate", "--sip", "--seed", "7", "--agents", "40", "--insiders", "2", "--hours", "3"];
    execFileSync(program, [...shift, "--truth", join(folder, "truth.json")], { env, stdio: "ignore" });
    const code = await until("the first administrator's code", 10, () => {
      const file = join(folder, "data", "first-administrator.txt");
      return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
    });
    const api = await outside(url);
    const first = await enrol(api, code, { login: "ada@example.test", name: "Ada Admin" }, true);
    const { id } = (await (await api.get("/api/v1/session")).json()) as { id: string };
    const typist = await newSomeone(url, api, "Tess Typist", [
      { role: "analyst", program: "*", why: "works without a mouse" },
    ]);
    await typist.api.dispose();
    const people = { administrator: { ...first, id }, typist: typist.who };
    mkdirSync("test-results", { recursive: true });
    await api.storageState({ path: "test-results/session.json" });
    const sender = await request.newContext({ baseURL: url, extraHTTPHeaders: { Authorization: `Bearer ${TOKEN}` } });
    await logOns(sender);
    await guesses(sender);
    await sender.dispose();
    await call(hep);
    await until("alerts about the insiders, the attacker and the guessers", 60, async () => {
      const answer = await api.get("/api/v1/alerts?min_severity_id=4&limit=200");
      const { items } = (await answer.json()) as { items: { entity_kind: string; entity_value: string }[] };
      const about = (value: string) => items.some((a) => a.entity_value === value);
      const agents = items.filter((a) => a.entity_kind === "agent").length;
      return agents >= 2 && [ATTACKER, ...GUESSERS].every(about) ? true : undefined;
    });
    await api.dispose();
    process.env["RINGFENCE_CONSOLE_URL"] = url;
    process.env["RINGFENCE_CONSOLE_TOKEN"] = TOKEN;
    process.env["RINGFENCE_CONSOLE_PEOPLE"] = JSON.stringify(people);
    process.env["RINGFENCE_CONSOLE_PID"] = String(server.pid);
  } catch (error) {
    console.error(error);
    await end();
    throw error;
  }
  return end;
}

/** Somebody at each of these addresses guesses log-ins; tests close and assign the alerts about it. */
export const GUESSERS = ["203.0.113.101", "203.0.113.102", "203.0.113.103", "203.0.113.104"];

async function guesses(api: APIRequestContext): Promise<void> {
  const now = Date.now();
  const lines = GUESSERS.flatMap((ip) =>
    Array.from({ length: 12 }, (_, n) => failedLogOn(`guess-${ip}-${n}`, `root${n}`, ip, now - 1_000 * n)),
  );
  const sent = await api.post("/api/v1/events", { data: lines.join("\n") });
  if (!sent.ok()) throw new Error(await sent.text());
}
