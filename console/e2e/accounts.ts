/** Accounts over HTTP, by the same forms as the pages for sign-in, for tests that are about something else. */
import { createHmac } from "node:crypto";
import { type APIRequestContext, type APIResponse, type Browser, type Page, request } from "@playwright/test";
import { OURS } from "./lib";

/** Somebody who signs in by a password and one-time codes. */
export interface Someone {
  id: string;
  login: string;
  name: string;
  password: string;
  /** Base32, as the page shows it. */
  secret: string;
  /** The step of the last code that was shown: that and earlier ones are replays. */
  step: number;
}

const STEP_MS = 30_000;
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** RFC 6238 with SHA-1, six digits, thirty seconds. */
export function totp(secret: string, step: number): string {
  const bits = Array.from(secret.toUpperCase())
    .map((digit) => BASE32.indexOf(digit))
    .filter((value) => value >= 0)
    .map((value) => value.toString(2).padStart(5, "0"))
    .join("");
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const tag = createHmac("sha1", key).update(counter).digest();
  const at = tag.readUInt8(tag.length - 1) & 0x0f;
  return String((tag.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** How long it may take to type a code. */
const TYPING_MS = 10_000;

/** A code that was not shown yet. The server takes those of the steps beside this one, too. */
export async function nextCode(who: { secret: string; step: number }): Promise<string> {
  const now = () => Math.floor(Date.now() / STEP_MS);
  // The oldest that is still good when it has been typed.
  who.step = Math.max(who.step + 1, Math.floor((Date.now() + TYPING_MS) / STEP_MS) - 1);
  while (who.step > now() + 1) await new Promise((done) => setTimeout(done, 500));
  return totp(who.secret, who.step);
}

/** A browser without a page, in which nobody is signed in. */
export const outside = (url: string): Promise<APIRequestContext> =>
  request.newContext({
    baseURL: url,
    storageState: { cookies: [], origins: [] },
    // A form says where it comes from.
    extraHTTPHeaders: { Origin: url, ...OURS },
  });

/** A page of a browser in which somebody is signed in. */
export const open = async (browser: Browser, who: APIRequestContext): Promise<Page> => {
  const context = await browser.newContext({ storageState: await who.storageState() });
  return context.newPage();
};

async function page(answer: APIResponse): Promise<string> {
  const text = await answer.text();
  if (!answer.ok()) throw new Error(`${answer.url()}: ${answer.status()} ${text}`);
  return text;
}

function found(pattern: RegExp, text: string): string {
  const value = pattern.exec(text)?.[1];
  if (value === undefined) throw new Error(`${String(pattern)} is not in ${text}`);
  return value;
}

const flowOf = (text: string): string => found(/name="flow" value="([^"]+)"/, text);
const secretOf = (text: string): string => found(/<figcaption><code>([^<]+)</, text);

export const newPassword = (): string => `Winter-${crypto.randomUUID()}`;

/** Enrols by a password and codes; `first` is how the first administrator is called. Signs in by that. */
export async function enrol(
  api: APIRequestContext,
  code: string,
  who: { login: string; name: string },
  first = false,
): Promise<Omit<Someone, "id">> {
  let text = await page(await api.post("/enrol", { form: { code } }));
  if (first) text = await page(await api.post("/enrol/name", { form: { flow: flowOf(text), ...who } }));
  const someone = { ...who, password: newPassword(), secret: secretOf(text), step: 0 };
  // The choice of a passkey has the same flow.
  const form = {
    flow: flowOf(text),
    password: someone.password,
    again: someone.password,
    code: await nextCode(someone),
  };
  await page(await api.post("/enrol/password", { form }));
  return someone;
}

/** Signs somebody in by password and code. */
export async function signIn(url: string, who: Someone): Promise<APIRequestContext> {
  const api = await outside(url);
  const text = await page(await api.post("/signin", { form: { login: who.login, password: who.password } }));
  // A worker that was begun anew does not know of the codes that were shown before.
  for (let tries = 0; ; tries += 1) {
    const form = { flow: flowOf(text), code: await nextCode(who) };
    const answer = await api.post("/signin/code", { form, maxRedirects: 0 });
    if (answer.status() === 303) return api;
    if (answer.status() !== 401 || tries === 3) throw new Error(`${answer.status()} ${await answer.text()}`);
  }
}

interface Role {
  role: string;
  program: string;
  why: string;
}

/** Somebody new: invited by `by`, enrolled by password and codes, and signed in. */
export async function newSomeone(
  url: string,
  by: APIRequestContext,
  name: string,
  roles: Role[] = [],
): Promise<{ who: Someone; api: APIRequestContext }> {
  const login = `${name.toLowerCase().replaceAll(" ", ".")}@example.test`;
  const answer = await by.post("/api/v1/people", { data: { login, name, roles }, headers: OURS });
  const made = JSON.parse(await page(answer)) as { account: { id: string }; enrolment: { code: string } };
  const api = await outside(url);
  const someone = await enrol(api, made.enrolment.code, { login, name });
  return { who: { ...someone, id: made.account.id }, api };
}

/** Those whom the setup made, as a worker knows them. */
export function known(name: "administrator" | "typist"): Someone {
  const all = JSON.parse(process.env["RINGFENCE_CONSOLE_PEOPLE"] ?? "{}") as Record<string, Someone>;
  const someone = all[name];
  if (!someone) throw new Error(`nobody is known as ${name}`);
  return someone;
}
