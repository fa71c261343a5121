/** Much of everything: for measurements of speed. */
import { type APIRequestContext, request } from "@playwright/test";
import { failedLogOn } from "./events";

const FAILURES = 10;
const ADDRESSES_A_BODY = 200;

/** The `n`th address of 198.18.0.0/15, which is set aside for benchmarks (RFC 2544), and on from there. */
const address = (n: number): string => `198.${18 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`;

/** So many alerts: at each address somebody guesses log-ins. */
export async function manyAlerts(url: string, token: string, from: number, to: number): Promise<void> {
  const api = await request.newContext({ baseURL: url, extraHTTPHeaders: { Authorization: `Bearer ${token}` } });
  for (let first = from; first < to; first += ADDRESSES_A_BODY) {
    const lines: string[] = [];
    for (let n = first; n < Math.min(first + ADDRESSES_A_BODY, to); n += 1)
      for (let i = 0; i < FAILURES; i += 1)
        lines.push(failedLogOn(`bulk-${n}-${i}`, `user${n % 5_000}`, address(n), Date.now() - 1_000 * (FAILURES - i)));
    await send(api, lines.join("\n"));
  }
  await api.dispose();
}

/** Sends again when the server asks to wait. */
async function send(api: APIRequestContext, data: string): Promise<void> {
  for (;;) {
    const answer = await api.post("/api/v1/events", { data });
    if (answer.ok()) return;
    if (answer.status() !== 503 && answer.status() !== 429) throw new Error(await answer.text());
    await new Promise((done) => setTimeout(done, 1_000));
  }
}
