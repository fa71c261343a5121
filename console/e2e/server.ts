/** Starts `ringfence serve` in a folder of its own, feeds it a shift and captured attacks, signs in once. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { request } from "@playwright/test";

export const TOKEN = `console-${crypto.randomUUID()}${crypto.randomUUID()}`;
const HEP = "hep";

const CONFIG = `version = 1
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

/** Texts that would do something if anybody took them for more than text. */
export const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>\u202e${"x".repeat(110)}`;

export default async function setup(): Promise<() => Promise<void>> {
  const program = process.env["RINGFENCE"];
  if (!program) throw new Error("RINGFENCE: path of the program");
  const folder = mkdtempSync(join(tmpdir(), "ringfence-console."));
  const log = join(folder, "log");
  writeFileSync(join(folder, "ringfence.toml"), CONFIG);
  const sh = `exec "$0" serve --config "$1/ringfence.toml" --data "$1/data" --listen 127.0.0.1:0 2>"$1/log"`;
  const server: ChildProcess = spawn("sh", ["-c", sh, program, folder], {
    env: { ...process.env, RINGFENCE_ADMIN_TOKEN: TOKEN },
    stdio: "ignore",
  });
  const end = async () => {
    server.kill("SIGTERM");
    await until("the end of the server", 30, () =>
      (server.exitCode ?? server.signalCode) === null ? undefined : true,
    );
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const said = (pattern: RegExp) => (existsSync(log) ? pattern.exec(readFileSync(log, "utf8"))?.[1] : undefined);
    const address = await until("the server", 60, () => {
      if (server.exitCode !== null) throw new Error(readFileSync(log, "utf8"));
      return said(/"message":"serving".*?"address":"([^"]+)"/);
    });
    const hep = said(new RegExp(`"listener":"${HEP}","addr":"([^"]+)"`)) ?? "";
    const url = `http://${address}`;
    const env = { ...process.env, RINGFENCE_ADMIN_TOKEN: TOKEN, RINGFENCE_TOKEN: TOKEN, RINGFENCE_SERVER: url };
    const captures = readdirSync("../samples/sip").filter((name) => name.endsWith(".pcap"));
    execFileSync(program, ["replay", "--hep", hep, ...captures.map((name) => `../samples/sip/${name}`)], {
      env,
      stdio: "ignore",
    });
    const shift = ["simulate", "--seed", "7", "--agents", "40", "--insiders", "2", "--hours", "3"];
    execFileSync(program, [...shift, "--truth", join(folder, "truth.json")], { env, stdio: "ignore" });
    const api = await request.newContext({ baseURL: url, extraHTTPHeaders: { "X-Ringfence-Console": "1" } });
    const signedIn = await api.post("/api/v1/session", { data: { token: TOKEN } });
    if (!signedIn.ok()) throw new Error(await signedIn.text());
    mkdirSync("test-results", { recursive: true });
    await api.storageState({ path: "test-results/session.json" });
    await hostile(url);
    await until("alerts about the insiders", 60, async () => {
      const answer = await api.get("/api/v1/alerts?min_severity_id=4");
      const page = (await answer.json()) as { items: { entity_kind: string }[] };
      return page.items.filter((a) => a.entity_kind === "agent").length >= 2 ? true : undefined;
    });
    await api.dispose();
    process.env["RINGFENCE_CONSOLE_URL"] = url;
    process.env["RINGFENCE_CONSOLE_TOKEN"] = TOKEN;
    process.env["RINGFENCE_CONSOLE_PID"] = String(server.pid);
  } catch (error) {
    console.error(error);
    await end();
    throw error;
  }
  return end;
}

/** Look-ups without a call by an agent whose name is an attack on whoever shows it. */
async function hostile(url: string): Promise<void> {
  const api = await request.newContext({ baseURL: url, extraHTTPHeaders: { Authorization: `Bearer ${TOKEN}` } });
  const now = Date.now();
  const records = Array.from({ length: 12 }, (_, n) => ({
    class_uid: 3002,
    activity_id: 1,
    severity_id: 1,
    time: now - 1_000 * n,
    status_id: 2,
    status: "Failure",
    message: HOSTILE,
    metadata: { version: "1.8.0", uid: `hostile-${n}`, product: { name: HOSTILE } },
    user: { name: HOSTILE },
    src_endpoint: { ip: "203.0.113.99", hostname: HOSTILE },
  }));
  const sent = await api.post("/api/v1/events", { data: records.map((r) => JSON.stringify(r)).join("\n") });
  if (!sent.ok()) throw new Error(await sent.text());
  await api.dispose();
}
