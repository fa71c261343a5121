/** Each page does what it is for: by keyboard, in both schemes, wide and narrow, without faults that axe finds. */
import AxeBuilder from "@axe-core/playwright";
import { type Page, expect, test } from "@playwright/test";

interface Row {
  [column: string]: string;
}

async function ask(page: Page, sql: string): Promise<Row[]> {
  const answer = await page.request.post("/api/v1/query", { data: { sql }, headers: { "X-Ringfence-Console": "1" } });
  expect(answer.ok(), await answer.text()).toBe(true);
  return ((await answer.json()) as { rows: Row[] }).rows;
}

/** What a page must not do: say an error in the console, scroll sideways, fail the checks of axe. */
async function sound(page: Page, name: string): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(wide, `${name} scrolls sideways`).toBeLessThanOrEqual(0);
  const found = await new AxeBuilder({ page }).analyze();
  const grave = found.violations.filter((v) => v.impact === "serious" || v.impact === "critical");
  expect(
    grave.map((v) => `${v.id}: ${v.nodes[0]?.html ?? ""}`),
    name,
  ).toEqual([]);
}

const PAGES = [
  ["/", "Now", /Agent .* (opened|exported)/],
  ["/alerts", "Alerts", /Agent .* (opened|exported)/],
  ["/calls", "Calls", /call/i],
  ["/sources", "Sources", /sim-main-crm/],
  ["/rules", "Rules", /Customer record opened without a call/],
  ["/search", "Search", /time/i],
  ["/design", "Design", /Severity/],
] as const;

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });
      for (const [path, title, text] of PAGES) {
        test(`${title} shows what it is for and is sound`, async ({ page }) => {
          const faults: string[] = [];
          page.on("pageerror", (error) => faults.push(error.message));
          page.on("console", (message) => message.type() === "error" && faults.push(message.text()));
          await page.goto(path);
          await expect(page.getByRole("heading", { level: 1, name: title })).toBeVisible();
          await expect(page.getByText(text).first()).toBeVisible();
          await sound(page, title);
          expect(faults).toEqual([]);
        });
      }
    });
  }
}

test("without a session there is only sign-in, and a token opens it by keyboard", async ({ browser }) => {
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  await page.goto("/alerts");
  await expect(page.getByRole("heading", { name: "Sign in to Ringfence" })).toBeVisible();
  await page.keyboard.type("not-the-token");
  await page.keyboard.press("Enter");
  await expect(page.getByText("This token is not known here")).toBeVisible();
  const field = page.getByRole("textbox", { name: "Token" });
  await field.fill(process.env["RINGFENCE_CONSOLE_TOKEN"] ?? "");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Alerts" })).toBeVisible();
  expect(page.url()).not.toContain(process.env["RINGFENCE_CONSOLE_TOKEN"] ?? "?");
  const readable = await page.evaluate(() => document.cookie);
  expect(readable).toBe("");
  await context.close();
});

test("the strips of the last hours count what happened", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByText(/^[1-9][\d.,]*k? events$/i)).toBeVisible();
});

test("an insider's alert leads to why, and a verdict closes it", async ({ page }) => {
  await page.goto("/alerts?severity=4");
  await page
    .getByText(/Agent .* opened/)
    .first()
    .click();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: /Agent .* opened/ })).toBeVisible();
  await expect(page.getByText(/without a call|no call/i).first()).toBeVisible();
  await sound(page, "Alert");
});

test("a call's page tells its story, and a reload tells the same", async ({ page }) => {
  const [row] = await ask(
    page,
    "SELECT call_uid FROM events WHERE activity_name = 'Transferred' ORDER BY time LIMIT 1",
  );
  await page.goto(`/calls/${row?.["call_uid"] ?? ""}`);
  await expect(page.getByRole("heading", { level: 1 })).toContainText(/call/i);
  await expect(page.getByText(/Not observed/i).first()).toBeVisible();
  await sound(page, "Call");
  const heading = await page.getByRole("heading", { level: 1 }).textContent();
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText(heading ?? "");
});

test("an agent's page, and Ctrl-K to get there", async ({ page }) => {
  const [row] = await ask(page, "SELECT agent FROM events WHERE class_uid = 99904001 AND agent IS NOT NULL LIMIT 1");
  const agent = row?.["agent"] ?? "";
  await page.goto("/");
  await expect(page.getByRole("heading", { level: 1, name: "Now" })).toBeVisible();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: /Find a call/ }).fill(agent);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(`/entity/agent/${agent}`));
  await expect(page.getByRole("heading", { level: 1 })).toContainText(agent);
});

test("what attackers write is shown as text and breaks nothing", async ({ page }) => {
  const alerts = (await (await page.request.get("/api/v1/alerts?entity_value=203.0.113.99")).json()) as {
    items: { id: string }[];
  };
  const paths = ["/entity/address/203.0.113.99", "/search", ...alerts.items.map((a) => `/alerts/${a.id}`)];
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of paths) {
      await page.goto(path);
      await expect(page.getByRole("heading", { level: 1 })).toBeVisible();
      await page.waitForTimeout(500);
      expect(await page.title()).not.toBe("owned");
      expect(await page.locator("img[src='x']").count()).toBe(0);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(wide, path).toBeLessThanOrEqual(0);
    }
  }
});

test("a broken live connection is said, and comes back", async ({ page }) => {
  await page.goto("/");
  await expect(page.locator("[data-live=live]")).toBeVisible();
  await page.context().setOffline(true);
  await page.evaluate(() => window.dispatchEvent(new Event("offline")));
  await page.route("**/api/v1/alerts/stream", (route) => route.abort());
  await page.reload({ timeout: 1_000 }).catch(() => undefined);
  await page.context().setOffline(false);
  await page.goto("/");
  await expect(page.locator("[data-live=broken]")).toBeVisible();
  await page.unroute("**/api/v1/alerts/stream");
  await expect(page.locator("[data-live=live]")).toBeVisible({ timeout: 40_000 });
});
