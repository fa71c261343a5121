/** What several tests need: asking the server, walking by keyboard, looking for faults. */
import AxeBuilder from "@axe-core/playwright";
import { type APIRequestContext, type Locator, type Page, expect } from "@playwright/test";

export type Row = Record<string, string>;

/** The one server that all tests share. */
export const OURS = { "X-Ringfence-Console": "1" };

export async function ask(page: Page, sql: string): Promise<Row[]> {
  const answer = await page.request.post("/api/v1/query", { data: { sql }, headers: OURS });
  expect(answer.ok(), await answer.text()).toBe(true);
  return ((await answer.json()) as { rows: Row[] }).rows;
}

/** The one value of the first row. */
export async function askOne(page: Page, sql: string): Promise<string> {
  const [row] = await ask(page, sql);
  const value = Object.values(row ?? {})[0];
  expect(value, sql).toBeTruthy();
  return String(value);
}

export interface AlertRow {
  id: string;
  message: string;
  status: string;
  assignee: string | null;
  verdict: string | null;
}

export async function alerts(request: APIRequestContext, query: string): Promise<AlertRow[]> {
  const answer = await request.get(`/api/v1/alerts?${query}`);
  expect(answer.ok(), await answer.text()).toBe(true);
  return ((await answer.json()) as { items: AlertRow[] }).items;
}

/** What a page must not do: scroll sideways, fail the checks of axe. */
export async function sound(page: Page, name: string): Promise<void> {
  await fits(page, name);
  const found = await new AxeBuilder({ page }).analyze();
  const grave = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  expect(
    grave.map((v) => `${v.id}: ${v.nodes[0]?.html ?? ""}`),
    name,
  ).toEqual([]);
}

export async function fits(page: Page, name: string): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
}

/** Errors that the page tells only to developers. */
export function faultsOf(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
  return faults;
}

/** Walks with Tab (or back with Shift and Tab, or down a menu) until `target` has the focus, as somebody without a mouse has to. */
export async function tabTo(
  page: Page,
  target: Locator,
  key: "Tab" | "Shift+Tab" | "ArrowDown" = "Tab",
): Promise<void> {
  const most = 80;
  await expect(target).toBeAttached();
  for (let i = 0; i < most; i += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${String(target)} is not reached within ${most} presses of ${key}`);
}

/** The page's first heading, and with it that the page is there. */
export const heading = (page: Page, name?: string | RegExp): Locator =>
  page.getByRole("heading", { level: 1, ...(name === undefined ? {} : { name }) });

/** Takes a picture where somebody asked for pictures. */
export const picture = async (page: Page, name: string): Promise<void> => {
  const folder = process.env["RINGFENCE_PICTURES"];
  if (folder === undefined) return;
  await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: "dark" });
  await page.screenshot({ path: `${folder}/${name}-dark.png`, fullPage: true });
  await page.emulateMedia({ colorScheme: "light" });
};
