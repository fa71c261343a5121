/** A picture of every page in its states, for whoever judges them; the README's among them (`make screenshots`). */
import { mkdirSync } from "node:fs";
import { type Page, expect, test } from "@playwright/test";
import { known } from "./accounts";
import { ATTACKER, CALLER } from "./hostile";
import { alerts, askOne, heading } from "./lib";
import { mostSeen } from "./questions";

const FOLDER = process.env["RINGFENCE_PICTURES"] ?? "test-results/pictures";
const README = "../docs/images/call.png";

async function settle(page: Page): Promise<void> {
  await expect(heading(page)).toBeVisible();
  // The page of signs shows how waiting looks.
  await expect(page.locator("[aria-busy=true]")).toHaveCount(new URL(page.url()).pathname === "/design" ? 1 : 0);
  await page.waitForTimeout(1_200);
}

test("pictures", async ({ browser }) => {
  mkdirSync(FOLDER, { recursive: true });
  mkdirSync("../docs/images", { recursive: true });
  const first = await browser.newPage();
  await first.goto("/");
  const agent = (await alerts(first.request, "min_severity_id=4&limit=200")).find((a) => a.message.startsWith("Agent"));
  const attack = (await alerts(first.request, `entity_value=${ATTACKER}`))[0];
  const transferred = await askOne(
    first,
    "SELECT call_uid FROM events WHERE activity_name = 'Transferred' ORDER BY time LIMIT 1",
  );
  const sip = await askOne(
    first,
    "SELECT call_uid FROM events WHERE class_uid = 99904005 AND call_uid IS NOT NULL GROUP BY call_uid HAVING count(*) BETWEEN 3 AND 200 ORDER BY count(*) DESC, call_uid LIMIT 1",
  );
  const of = async (kind: string, column: string) =>
    `/entity/${kind}/${encodeURIComponent(await askOne(first, mostSeen(column)))}`;
  const pages: [string, string][] = [
    ["now", "/"],
    ["alerts", "/alerts"],
    ["alerts-none", "/alerts?text=nothing-is-like-this"],
    ["alert", `/alerts/${agent?.id ?? ""}`],
    ["alert-hostile", `/alerts/${attack?.id ?? ""}`],
    ["alert-unknown", "/alerts/01900000-0000-7000-8000-000000000000"],
    ["calls", "/calls"],
    ["call", `/calls/${transferred}`],
    ["call-sip", `/calls/${sip}?view=ladder`],
    ["call-unknown", "/calls/call-unknown"],
    ["agent", await of("agent", "agent")],
    ["customer", await of("customer", "customer")],
    ["number", await of("number", "caller")],
    ["address", `/entity/address/${CALLER}`],
    ["agent-unknown", "/entity/agent/nobody"],
    ["search", "/search?last=24h"],
    ["search-none", "/search?last=15m&text=nothing-is-like-this"],
    [
      "search-sql",
      `/search?mode=sql&sql=${encodeURIComponent("SELECT class_name, count(*) AS n FROM events GROUP BY class_name ORDER BY n DESC")}`,
    ],
    ["search-mistake", "/search?mode=sql&sql=SELECT+nothing+FROM+events"],
    ["sources", "/sources"],
    ["source", "/sources?source=default%2Fsim-main-crm"],
    ["connect", "/sources?add=choose"],
    ["connect-kamailio", "/sources?add=kamailio"],
    ["rules", "/rules"],
    ["rule-trial", "/rules?test=new"],
    ["access", "/access"],
    ["service", "/access?add=service"],
    ["people", "/people"],
    ["person", `/people/${known("administrator").id}`],
    ["reviews", "/reviews"],
    ["evidence", "/evidence"],
    ["evidence-entry", "/evidence?entry=0"],
    ["account", "/account"],
    ["signin", "/signin?again"],
    ["enrol", "/enrol"],
    ["design", "/design"],
  ];
  await first.close();
  const readme = await browser.newPage({ colorScheme: "light", viewport: { width: 1280, height: 860 } });
  await readme.goto(`/calls/${transferred}`);
  await settle(readme);
  await readme.screenshot({ path: README });
  await readme.close();
  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1280, 390]) {
      const context = await browser.newContext({
        colorScheme,
        viewport: { width, height: 900 },
        storageState: "test-results/session.json",
        baseURL: process.env["RINGFENCE_CONSOLE_URL"] ?? "",
        locale: "en-GB",
        timezoneId: "UTC",
      });
      const page = await context.newPage();
      for (const [name, path] of pages) {
        await page.goto(path);
        await settle(page);
        await page.screenshot({ path: `${FOLDER}/${name}-${width}-${colorScheme}.png`, fullPage: true });
      }
      // What has no answer yet, and what has none at all.
      await page.route("**/api/v1/**", (route) =>
        route.request().url().endsWith("/session") ? route.continue() : undefined,
      );
      for (const path of ["/", "/alerts", "/calls", "/search?last=24h", "/sources", "/rules", "/access", "/account"]) {
        await page.goto(path, { waitUntil: "commit" });
        await page.waitForTimeout(1_500);
        await page.screenshot({ path: `${FOLDER}/loading-${path.slice(1, 6) || "now"}-${width}-${colorScheme}.png` });
      }
      await page.unrouteAll({ behavior: "ignoreErrors" });
      for (const [state, status] of [
        ["failed", 500],
        ["forbidden", 403],
      ] as const) {
        await page.route("**/api/v1/**", (route) =>
          route.request().url().endsWith("/session")
            ? route.continue()
            : route.fulfill({
                status,
                contentType: "application/problem+json",
                body: JSON.stringify({ type: "about:blank", title: state, status, detail: `It was ${state}.` }),
              }),
        );
        for (const path of [
          "/",
          "/alerts",
          "/calls",
          "/search?last=24h",
          "/sources",
          "/rules",
          "/access",
          "/account",
        ]) {
          await page.goto(path);
          await page.waitForTimeout(1_500);
          await page.screenshot({
            path: `${FOLDER}/${state}-${path.slice(1, 6) || "now"}-${width}-${colorScheme}.png`,
          });
        }
        await page.unrouteAll({ behavior: "ignoreErrors" });
      }
      await context.close();
    }
  }
});
