/** What attackers write is shown as text: nothing runs, nothing breaks the layout. */
import { type Page, expect, test } from "@playwright/test";
import { ATTACKER, CALLER, HOSTILE } from "./hostile";
import { OURS, alerts, ask, askOne, fits, heading } from "./lib";

const at = encodeURIComponent;

async function unharmed(page: Page, name: string): Promise<void> {
  await expect(heading(page)).toBeVisible();
  await expect(page.locator("[aria-busy=true]")).toHaveCount(0);
  await page.waitForTimeout(400);
  expect(await page.title(), name).not.toBe("owned");
  expect(await page.locator("img[src='x'], main script, svg[onload], [onerror]").count(), name).toBe(0);
  expect(await page.locator("a[href^='javascript:' i], [src^='javascript:' i]").count(), name).toBe(0);
  await fits(page, name);
}

for (const width of [1280, 390]) {
  test.describe(`${width} px`, () => {
    test.use({ viewport: { width, height: 900 } });

    test("names, products and messages of log-ins", async ({ page }) => {
      const found = await alerts(page.request, `entity_value=${ATTACKER}`);
      expect(found.some((a) => a.message.includes("<script>"))).toBe(true);
      for (const path of [
        "/",
        "/alerts",
        ...found.map((a) => `/alerts/${a.id}`),
        `/entity/address/${ATTACKER}`,
        `/entity/agent/${at(HOSTILE)}`,
        `/entity/device/${at(HOSTILE)}`,
        `/search?last=24h&text=${at("owned")}`,
        `/search?mode=sql&sql=${at(`SELECT '${HOSTILE.replaceAll("'", "''")}' AS "${HOSTILE.replaceAll('"', '""')}", * FROM events WHERE src_ip = '${ATTACKER}'`)}`,
        `/alerts?text=${at(HOSTILE)}`,
        `/calls?text=${at(HOSTILE)}`,
        `/calls/${at(HOSTILE)}`,
        `/entity/${at(HOSTILE)}/${at(HOSTILE)}`,
      ]) {
        await page.goto(path);
        await unharmed(page, path);
      }
    });

    test("a row of a search, opened, with all its fields and its record", async ({ page }) => {
      const event = await askOne(
        page,
        `SELECT event_id FROM events WHERE src_ip = '${ATTACKER}' AND class_uid = 3002 LIMIT 1`,
      );
      await page.goto(`/search?last=24h&row=${event}&text=owned`);
      for (const tab of ["Fields", "What the calls say", "OCSF", "As it came"]) {
        await page.getByRole("tab", { name: tab }).click();
        await unharmed(page, tab);
      }
    });

    test("SIP headers, on the ladder and in the message", async ({ page }) => {
      const uid = await askOne(
        page,
        `SELECT call_uid FROM events WHERE src_ip = '${CALLER}' AND call_uid IS NOT NULL LIMIT 1`,
      );
      await page.goto(`/calls/${uid}?view=ladder`);
      await expect(page.getByRole("listbox", { name: /SIP messages/ })).toBeVisible();
      await unharmed(page, "the call");
      const message = page.getByRole("listbox", { name: /SIP messages/ }).getByRole("option");
      for (const nth of [0, 1]) {
        await message.nth(nth).click();
        await expect(page.getByText(/^Message \d of/)).toBeVisible();
        await expect(page.getByText("Subject:", { exact: false }).first()).toBeVisible();
        await unharmed(page, `message ${nth + 1}`);
        await page.keyboard.press("Escape");
      }
      await page.goto(`/entity/address/${CALLER}`);
      await unharmed(page, "the caller's address");
    });

    test("titles, texts, references and mistakes of rules", async ({ page }) => {
      await page.goto("/rules");
      await expect(page.getByText("Not in force")).toBeVisible();
      await unharmed(page, "rules");
      await page.goto(`/rules?text=${at("owned")}`);
      await page.locator("[data-rule]").first().click();
      await expect(
        page
          .getByRole("dialog")
          .getByText(/onerror/)
          .first(),
      ).toBeVisible();
      await unharmed(page, "the rule");
    });

    test("names of services, and of agents that are asked about", async ({ page }) => {
      const named = `${width} ${HOSTILE}`.slice(0, 120);
      const made = await page.request.post("/api/v1/services", {
        headers: OURS,
        data: { name: named, role: "integration", program: "default", days: 1, why: HOSTILE },
      });
      expect(made.ok(), await made.text()).toBe(true);
      const { token } = (await made.json()) as { token: string };
      const asked = await page.request.post("/access/v1/evaluation", {
        headers: { Authorization: `Bearer ${token}` },
        data: {
          subject: { type: "agent", id: HOSTILE },
          action: { name: HOSTILE },
          resource: { type: HOSTILE, id: HOSTILE },
        },
      });
      expect(asked.status(), await asked.text()).toBe(200);
      const decided = "SELECT event_id FROM events WHERE class_uid = 6003 AND source = 'ringfence' LIMIT 1";
      await expect.poll(async () => (await ask(page, decided)).length, { timeout: 20_000 }).toBe(1);
      await page.goto("/access");
      await expect(page.getByRole("region", { name: "What was denied" })).toContainText("owned");
      await unharmed(page, "access");
    });

    test("refused records, and what Ctrl-K offers", async ({ page }) => {
      await page.goto("/sources");
      await unharmed(page, "sources");
      await page.keyboard.press("Control+k");
      await page.getByRole("combobox", { name: /Find a call/ }).fill(HOSTILE.slice(0, 200));
      await page.waitForTimeout(600);
      await unharmed(page, "find");
    });
  });
}
