/**
 * How fast the pages are before a million events and ten thousand alerts: in the browser, in
 * milliseconds of the clock, the median of several. Not part of the tests; `make console-speed`.
 */
import { execFileSync } from "node:child_process";
import { type Page, expect, test } from "@playwright/test";
import { manyAlerts } from "./bulk";
import { alerts, askOne, heading } from "./lib";
import { mostSeen } from "./questions";

const EVENTS = 1_000_000;
const ALERTS = 10_000;
const ROWS = 100_000;
const TIMES = 7;

const token = () => process.env["RINGFENCE_CONSOLE_TOKEN"] ?? "";
const server = () => process.env["RINGFENCE_CONSOLE_URL"] ?? "";
let short = false;

function goal(name: string, values: number[], most: number): void {
  const sorted = [...values].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  const ok = median <= most;
  short ||= !ok;
  const [low, high] = [sorted[0] ?? 0, sorted.at(-1) ?? 0];
  console.log(
    `goal ${name} measured ${median.toFixed(0)} wanted ${most} ${ok ? "ok" : "short"} (${low.toFixed(0)} to ${high.toFixed(0)}, ${sorted.length} times)`,
  );
}

/** Calls `window.rfSeen(selector, text)`: the moment at which such an element is first in the document. */
async function watch(page: Page, selector: string, text: string): Promise<void> {
  await page.addInitScript(
    ([selector, text]) => {
      const pattern = new RegExp(text);
      const look = () => {
        const there = [...document.querySelectorAll(selector)].some((e) => pattern.test(e.textContent));
        if (there) {
          // Seen is what is painted: the frame after the next begins.
          requestAnimationFrame(() =>
            setTimeout(() =>
              Object.assign(window, { rfSeen: (window as { rfSeen?: number }).rfSeen ?? performance.now() }),
            ),
          );
        } else requestAnimationFrame(look);
      };
      look();
    },
    [selector, text] as const,
  );
}

const seen = async (page: Page): Promise<number> => {
  const handle = await page.waitForFunction(() => (window as { rfSeen?: number }).rfSeen);
  return Number(await handle.jsonValue());
};

const firstPaint = (page: Page): Promise<number> =>
  page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? Number.NaN);

/** Milliseconds from `act` to an element with such a text, in the page's own clock. */
async function until(page: Page, selector: string, text: string, act: () => Promise<void>): Promise<number> {
  await page.evaluate(
    ([selector, text]) => {
      const pattern = new RegExp(text);
      const state = window as { rfFrom?: number; rfTook?: number };
      delete state.rfTook;
      delete state.rfFrom;
      const begin = () => {
        state.rfFrom ??= performance.now();
      };
      addEventListener("keydown", begin, { capture: true, once: true });
      addEventListener("click", begin, { capture: true, once: true });
      const look = () => {
        const from = state.rfFrom;
        const there =
          from !== undefined && [...document.querySelectorAll(selector)].some((e) => pattern.test(e.textContent));
        if (there) setTimeout(() => (state.rfTook = performance.now() - from));
        else requestAnimationFrame(look);
      };
      look();
    },
    [selector, text] as const,
  );
  await act();
  const handle = await page.waitForFunction(() => (window as { rfTook?: number }).rfTook);
  return Number(await handle.jsonValue());
}

/** The longest task of the page while `act` goes on, in ms; 0 when none was longer than 50. */
async function longestTask(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const state = window as { rfTasks?: number[]; rfObserver?: PerformanceObserver };
    state.rfTasks = [];
    state.rfObserver = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) state.rfTasks?.push(entry.duration);
    });
    state.rfObserver.observe({ type: "longtask" });
  });
  await act();
  return page.evaluate(() => {
    const state = window as { rfTasks?: number[]; rfObserver?: PerformanceObserver };
    for (const entry of state.rfObserver?.takeRecords() ?? []) state.rfTasks?.push(entry.duration);
    state.rfObserver?.disconnect();
    return Math.max(0, ...(state.rfTasks ?? []));
  });
}

/** How many alerts are open. */
async function open(page: Page): Promise<number> {
  const answer = await page.request.get("/api/v1/alerts?limit=1");
  return ((await answer.json()) as { counts: { open: number } }).counts.open;
}

const number = async (page: Page, sql: string) => Number(await askOne(page, sql));

test("the pages are quick before much data", async ({ page }) => {
  const program = process.env["RINGFENCE"] ?? "";
  const env = { ...process.env, RINGFENCE_TOKEN: token(), RINGFENCE_SERVER: server() };
  await manyAlerts(server(), token(), 0, ALERTS);
  await page.goto("/");
  // A shift of a large center, as often as it takes.
  for (let seed = 100; (await number(page, "SELECT count(*) FROM events")) < EVENTS; seed += 1) {
    const shift = ["simulate", "--seed", String(seed), "--agents", "1000", "--hours", "8"];
    execFileSync(program, shift, { env, stdio: "ignore" });
  }
  await expect.poll(() => open(page), { timeout: 120_000 }).toBeGreaterThanOrEqual(ALERTS);
  const day = new Date(Date.now() - 86_400_000).toISOString();
  const [rows, within] = [
    await number(page, "SELECT count(*) FROM events"),
    await number(page, `SELECT count(*) FROM events WHERE time >= TIMESTAMP '${day}'`),
  ];
  console.log(`${rows} rows, ${within} of the last day, ${await open(page)} open alerts`);

  const paints: number[] = [];
  const lists: number[] = [];
  await watch(page, "[aria-label='Alerts, most severe first'] li", ".");
  for (let i = 0; i < TIMES; i += 1) {
    await page.goto("/");
    lists.push(await seen(page));
    paints.push(await firstPaint(page));
  }
  goal("console-now-first-paint-ms", paints, 300);
  goal("console-now-alerts-shown-ms", lists, 1_000);

  const some = await alerts(page.request, `min_severity_id=4&limit=${TIMES}`);
  const opened: number[] = [];
  await page.goto("/alerts?order=most_severe");
  await expect(page.getByRole("grid", { name: "Alerts" })).toBeVisible();
  for (let i = 0; i < TIMES; i += 1) {
    await page.keyboard.press("j");
    opened.push(await until(page, "h2", "^Why it fired$", () => page.keyboard.press("Enter")));
    await page.keyboard.press("Escape");
    await expect(page.getByRole("grid", { name: "Alerts" })).toBeVisible();
  }
  goal("console-alert-from-list-ms", opened, 300);
  const fresh = await page.context().newPage();
  await watch(fresh, "h2", "^Why it fired$");
  const [loaded, painted]: number[][] = [[], []];
  for (const { id } of some) {
    await fresh.goto(`/alerts/${id}`);
    loaded?.push(await seen(fresh));
    painted?.push(await firstPaint(fresh));
  }
  goal("console-alert-first-paint-ms", painted ?? [], 300);
  goal("console-alert-by-address-ms", loaded ?? [], 1_000);
  await fresh.close();

  const searches: number[] = [];
  const agent = await askOne(page, mostSeen("agent"));
  await page.goto("/search?last=24h");
  await expect(page.getByText(/ events? in /)).toBeVisible({ timeout: 60_000 });
  for (const words of [agent, "", "export", "", agent, "198.18.0.7", ""]) {
    const box = page.getByRole("searchbox", { name: /Text in message/ });
    await box.fill(words);
    const done = page.waitForResponse((r) => r.url().endsWith("/api/v1/query"));
    const began = performance.now();
    await box.press("Enter");
    await done;
    await expect(page.getByRole("status").getByText(/Running/)).toHaveCount(0);
    await expect(page.getByText(/ events? in /)).toBeVisible();
    searches.push(performance.now() - began);
  }
  console.log(`searches of a day: ${searches.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  goal("console-search-day-ms", searches, 1_000);

  await page.goto("/search?last=24h&limit=10000");
  await expect(page.getByText(/ events? in /)).toBeVisible({ timeout: 60_000 });
  const results = page.getByRole("grid").or(page.getByRole("table")).first();
  const rowsTask = await longestTask(page, () => scroll(page, results, 10_000));
  goal("console-scroll-10k-results-longest-task-ms", [rowsTask], 100);

  await manyAlerts(server(), token(), ALERTS, ROWS);
  await expect.poll(() => open(page), { timeout: 300_000 }).toBeGreaterThanOrEqual(ROWS);
  await page.goto("/alerts");
  const grid = page.getByRole("grid", { name: "Alerts" });
  await expect(grid).toBeVisible();
  const task = await longestTask(page, () => scroll(page, grid, ROWS));
  goal("console-scroll-100k-alerts-longest-task-ms", [task], 100);
  await expect(heading(page, "Alerts")).toBeVisible();
  expect(short, "a goal is missed").toBe(false);
});

/** Turns the wheel down to row `rows`, waiting for pages as somebody who scrolls does. */
async function scroll(page: Page, list: ReturnType<Page["locator"]>, rows: number): Promise<void> {
  const began = performance.now();
  const say = (top: number) =>
    console.log(`scrolled ${top.toFixed(0)} px in ${(performance.now() - began).toFixed(0)} ms`);
  await list.hover();
  let [last, still] = [-1, 0];
  for (;;) {
    await page.mouse.wheel(0, 4_000);
    await page.waitForTimeout(16);
    const box = await list.evaluate((element) => {
      let box: Element = element;
      while (box.scrollHeight <= box.clientHeight && box.parentElement) box = box.parentElement;
      return { top: box.scrollTop, end: box.scrollHeight - box.clientHeight };
    });
    if (box.top >= 40 * rows * 0.9) {
      say(box.top);
      return;
    }
    still = box.top === last ? still + 1 : 0;
    last = box.top;
    if (still > 200 && box.top >= box.end - 4) {
      say(box.top);
      return;
    }
  }
}
