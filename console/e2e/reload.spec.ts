/** What is on the screen stands in the address: a reload, or a link sent to somebody, shows the same. */
import { type Page, expect, test } from "@playwright/test";
import { alerts, askOne, heading } from "./lib";
import { mostSeen } from "./questions";

/** What is chosen on a page, in words that do not change with time. */
async function chosen(page: Page): Promise<string> {
  const main = page.locator("main");
  const texts = [
    await heading(page).allTextContents(),
    await page.getByRole("dialog").getByRole("heading").allTextContents(),
    await page
      .getByRole("complementary", { name: "The open row" })
      .getByText(/^row \d+ of/)
      .allTextContents(),
    await main
      .getByRole("radio", { checked: true })
      .evaluateAll((all) => all.map((e) => (e as HTMLInputElement).value)),
    await main.getByRole("textbox").evaluateAll((all) => all.map((e) => (e as HTMLInputElement).value)),
    await main.locator("[aria-current=true], [aria-selected=true], [aria-pressed=true]").count(),
  ];
  return JSON.stringify(texts);
}

const VIEWS: [name: string, path: (page: Page) => string | Promise<string>, shows: RegExp][] = [
  ["a filtered list of alerts", () => "/alerts?severity=4&order=most_severe", /Agent .* opened/],
  [
    "an alert and the event picked on its axis",
    async (page) =>
      `/alerts/${(await alerts(page.request, "min_severity_id=4&limit=1"))[0]?.id ?? ""}?span=story&show=evidence`,
    /Why it fired/,
  ],
  [
    "a call and the event picked in it",
    async (page) => {
      const uid = await askOne(
        page,
        "SELECT call_uid FROM events WHERE activity_name = 'Transferred' ORDER BY time LIMIT 1",
      );
      const event = await askOne(
        page,
        `SELECT event_id FROM events WHERE call_uid = '${uid}' AND class_uid > 0 ORDER BY time LIMIT 1`,
      );
      return `/calls/${uid}?event=${event}`;
    },
    /Not observed/i,
  ],
  [
    "an agent's last week",
    async (page) => `/entity/agent/${await askOne(page, mostSeen("agent"))}?last=7d`,
    /What happened/,
  ],
  ["a search with conditions", () => "/search?last=24h&filter=class_uid:is:99904003&order=-time&limit=100", /events?/],
  ["a search by SQL", () => `/search?mode=sql&sql=${encodeURIComponent("SELECT 41 + 1 AS answer")}`, /answer/],
  ["an open source", () => "/sources?source=default%2Fsim-main-crm", /sim-main-crm/],
  ["an open rule", () => "/rules?text=without&level=high", /without/],
  ["a rule on trial over the last day", () => "/rules?test=new&over=24", /What came in/],
];

for (const [name, path, shows] of VIEWS) {
  test(`${name} comes back with a reload`, async ({ page }) => {
    await page.goto(await path(page));
    await expect(page.locator("body")).toContainText(shows);
    await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
    await page.waitForTimeout(1_500);
    const [before, url] = [await chosen(page), page.url()];
    await page.reload();
    await expect(page.locator("body")).toContainText(shows);
    await expect.poll(() => chosen(page)).toBe(before);
    expect(page.url()).toBe(url);
  });
}
