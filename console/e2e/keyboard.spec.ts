/** Each page's main task, done by somebody who has no mouse. */
import { type Page, expect, test } from "@playwright/test";
import { known, nextCode } from "./accounts";
import { alerts, ask, askOne, heading, OURS, tabTo } from "./lib";
import { mostSeen } from "./questions";
import { GUESSERS } from "./server";

const press = async (page: Page, ...keys: string[]): Promise<void> => {
  for (const key of keys) await page.keyboard.press(key);
};

test("sign-in: a wrong password is refused, the right one and a code open the page that was asked for", async ({
  browser,
}) => {
  const who = known("typist");
  const context = await browser.newContext({ storageState: { cookies: [], origins: [] } });
  const page = await context.newPage();
  await page.goto("/alerts?order=most_severe");
  await expect(heading(page, "Sign in")).toBeVisible();
  const name = page.getByRole("textbox", { name: "Sign-in name" });
  await tabTo(page, name);
  await page.keyboard.type(who.login);
  await press(page, "Tab");
  await page.keyboard.type("Not-the-password-1");
  await press(page, "Enter");
  await expect(page.getByRole("alert").getByText(/do not go together/)).toBeVisible();
  await tabTo(page, name);
  // In capitals it is the same name.
  await page.keyboard.type(who.login.toUpperCase());
  await press(page, "Tab");
  await page.keyboard.type(who.password);
  await press(page, "Enter");
  await expect(heading(page, "One more step")).toBeVisible();
  await page.keyboard.type(await nextCode(who));
  await press(page, "Enter");
  await expect(heading(page, "Alerts")).toBeVisible();
  await expect(page).toHaveURL(/\/alerts\?order=most_severe$/);
  expect(await page.evaluate(() => document.cookie)).toBe("");
  await page.getByRole("button", { name: `Signed in as ${who.name}` }).focus();
  await press(page, "Enter");
  await tabTo(page, page.getByRole("menuitem", { name: "Sign out" }), "ArrowDown");
  await press(page, "Enter");
  await expect(heading(page, "Sign in")).toBeVisible();
  expect((await context.request.get("/api/v1/session")).status()).toBe(401);
  await context.close();
});

test("Now: from the most severe sentence to its alert", async ({ page }) => {
  await page.goto("/");
  const first = page.getByRole("list", { name: "Alerts, most severe first" }).getByRole("link").first();
  await tabTo(page, first);
  const sentence = (await first.textContent()) ?? "";
  await press(page, "Enter");
  await expect(page).toHaveURL(/\/alerts\/./);
  await expect(heading(page)).toHaveText(sentence);
});

test("Alerts: select two, close them with a verdict and a reason, take it back", async ({ page }) => {
  const mine = GUESSERS.slice(0, 2);
  const states = async () => {
    const all = await Promise.all(mine.map((ip) => alerts(page.request, `entity_value=${ip}`)));
    return all.flat().map((a) => `${a.status} ${a.verdict ?? "-"}`);
  };
  await page.goto(`/alerts?text=${encodeURIComponent("failed log-ins from 203.0.113.10")}`);
  await expect(page.getByText(new RegExp(`log-ins from ${GUESSERS[0]}`)).first()).toBeVisible();
  // The order of the four is by time: walk to those that are this test's own.
  const row = page.locator("[role=row][aria-selected]");
  for (let i = 0; i < GUESSERS.length; i += 1) {
    await press(page, "j");
    const text = (await row.nth(i).textContent()) ?? "";
    if (mine.some((ip) => text.includes(ip))) await press(page, "x");
  }
  await expect(page.getByText("2 alerts selected")).toBeVisible();
  await press(page, "e");
  const dialog = page.getByRole("dialog", { name: "Close 2 alerts" });
  await expect(dialog).toBeVisible();
  await press(page, "2");
  await tabTo(page, dialog.getByRole("textbox", { name: "Why?" }));
  await page.keyboard.type("Our own test of the log-in page");
  await press(page, "Control+Enter");
  await expect(dialog).toBeHidden();
  await expect.poll(states).toEqual([expect.stringMatching(/^closed ./), expect.stringMatching(/^closed ./)]);
  await press(page, "z");
  await expect.poll(states).toEqual(["open -", "open -"]);
});

test("Alert: take it, write a note, close it with a verdict, go back to the list", async ({ page }) => {
  const found = async () => (await alerts(page.request, `entity_value=${GUESSERS[2] ?? ""}`))[0];
  await page.goto(`/alerts/${(await found())?.id ?? ""}`);
  await expect(heading(page, /failed log-ins/)).toBeVisible();
  await press(page, "t");
  await expect(page.getByText(/\(you\)/)).toBeVisible();
  await press(page, "n");
  await page.keyboard.type("Asked the night shift");
  await press(page, "Control+Enter");
  await expect(page.getByText("Asked the night shift").first()).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Note" })).toHaveValue("");
  await press(page, "Escape", "e");
  const dialog = page.getByRole("dialog", { name: "Close this alert" });
  await expect(dialog).toBeVisible();
  await press(page, "1");
  await tabTo(page, dialog.getByRole("textbox", { name: "Why?" }));
  await page.keyboard.type("The address is blocked now");
  await press(page, "Control+Enter");
  await expect(page.getByText(/^Closed as /)).toBeVisible();
  expect((await found())?.status).toBe("closed");
  expect((await found())?.verdict).toBeTruthy();
  await press(page, "Escape");
  await expect(heading(page, "Alerts")).toBeVisible();
});

test("Calls: find those of an agent, open one", async ({ page }) => {
  const agent = await askOne(
    page,
    "SELECT agent FROM events WHERE call_uid IS NOT NULL AND agent IS NOT NULL AND class_uid = 99904001 ORDER BY time DESC LIMIT 1",
  );
  await page.goto("/calls?last=24h");
  await expect(heading(page, "Calls")).toBeVisible();
  await press(page, "/");
  await page.keyboard.type(agent);
  const link = page.locator("main a[href^='/calls/']").first();
  await expect(page.locator("main").getByText(agent).first()).toBeVisible();
  await tabTo(page, link);
  await press(page, "Enter");
  await expect(page).toHaveURL(/\/calls\/call-/);
  await expect(heading(page, /call/i)).toBeVisible();
});

test("Call: walk the SIP ladder, open a message, then the events around it", async ({ page }) => {
  const uid = await askOne(
    page,
    "SELECT call_uid FROM events WHERE class_uid = 99904005 AND call_uid IS NOT NULL GROUP BY call_uid HAVING count(*) BETWEEN 3 AND 200 ORDER BY count(*) DESC, call_uid LIMIT 1",
  );
  await page.goto(`/calls/${uid}`);
  await tabTo(page, page.getByRole("tab", { selected: true }));
  const ladderTab = page.getByRole("tab", { name: /^SIP ladder/ });
  while ((await ladderTab.getAttribute("aria-selected")) !== "true") await press(page, "ArrowRight");
  const ladder = page.getByRole("listbox", { name: /SIP messages/ });
  await tabTo(page, ladder);
  await press(page, "ArrowDown", "ArrowDown", "Enter");
  await expect(page.getByText(/^Message 2 of/)).toBeVisible();
  await press(page, "ArrowDown");
  await expect(page.getByText(/^Message 3 of/)).toBeVisible();
  await press(page, "Escape");
  await expect(page.getByText(/^Message 3 of/)).toBeHidden();
  await expect(ladder).toBeFocused();
  await tabTo(page, ladderTab, "Shift+Tab");
  await press(page, "ArrowLeft");
  await expect(page.getByRole("region", { name: /in the order of time/ })).toBeVisible();
  const before = page.url();
  await press(page, "j");
  await expect(page).not.toHaveURL(before);
  await press(page, "o");
  await expect(page.locator("[aria-current=true] [aria-expanded=true]").first()).toBeVisible();
});

for (const [kind, column] of [
  ["agent", "agent"],
  ["customer", "customer"],
  ["number", "caller"],
  ["address", "src_ip"],
  ["device", "device"],
] as const) {
  test(`${kind}: walk what happened, open an event, go a stretch of time back`, async ({ page }) => {
    const [row] = await ask(page, mostSeen(column));
    const value = row?.[column];
    test.skip(!value, `no event names a ${kind}`);
    await page.goto(`/entity/${kind}/${encodeURIComponent(value ?? "")}?last=all`);
    await expect(page.getByRole("region", { name: new RegExp(`Events of this ${kind}`) })).toBeVisible();
    await press(page, "j");
    await expect(page).toHaveURL(/event=/);
    await press(page, "o");
    await expect(page.locator("[aria-current=true] [aria-expanded=true]").first()).toBeVisible();
    const day = page.getByRole("radiogroup", { name: "Which stretch of time" });
    await tabTo(page, day.locator("input:checked"));
    await press(page, "ArrowLeft");
    await expect(page).toHaveURL(/last=/);
    await tabTo(page, page.getByRole("button", { name: "Earlier by the same length" }), "Shift+Tab");
    await press(page, "Enter");
    await expect(page).toHaveURL(/from=\D*\d+.*to=\D*\d+/);
  });
}

test("Search: words, a row, its fields, and all of it as CSV", async ({ page }) => {
  const agent = await askOne(page, mostSeen("agent"));
  await page.goto("/search?last=24h");
  await expect(page.getByRole("status").getByText(/ events?/)).toBeVisible();
  await press(page, "/");
  await page.keyboard.type(agent);
  await press(page, "Enter");
  await expect(page).toHaveURL(/text=/);
  await expect(page.getByRole("status").getByText(/ events? in /)).toBeVisible();
  await press(page, "Escape");
  const open = page.getByRole("complementary", { name: "The open row" });
  // The rows of the search before may still be on the screen.
  await expect(async () => {
    await press(page, "j", "Enter");
    await expect(open).toBeVisible({ timeout: 1_000 });
  }).toPass();
  const place = open.getByText(/row \d+ of/);
  const first = (await place.textContent()) ?? "";
  await press(page, "j");
  await expect(place).not.toHaveText(first);
  await press(page, "Escape");
  await expect(open).toBeHidden();
  await press(page, "e");
  await tabTo(page, page.getByRole("menuitem", { name: /CSV/ }));
  const coming = page.waitForEvent("download");
  await press(page, "Enter");
  expect((await coming).suggestedFilename()).toMatch(/^ringfence-search-.*\.csv$/);
});

test("Search: SQL, and a mistake in it is shown where it is", async ({ page }) => {
  await page.goto("/search?mode=sql");
  const editor = page.getByRole("textbox", { name: /SQL/ });
  await expect(editor).toBeVisible();
  await press(page, "/");
  await expect(editor).toBeFocused();
  await press(page, "Control+a");
  await page.keyboard.type("SELECT count(*) AS n FROM event");
  await press(page, "Control+Enter");
  await expect(page.getByRole("alert")).toContainText(/event/);
  await press(page, "Control+End");
  await page.keyboard.type("s");
  await press(page, "Control+Enter");
  await expect(page.getByText(/^1 row/)).toBeVisible();
});

test("Sources: connect one, store its token, see its first record arrive", async ({ page, request }) => {
  await page.goto("/sources");
  await expect(page.getByText("sim-main-crm").first()).toBeVisible();
  await press(page, "c");
  const way = page.getByRole("button", { name: /^JSON lines over HTTP/ });
  await tabTo(page, way);
  await press(page, "Enter");
  await tabTo(page, page.getByRole("textbox", { name: "Name of the source" }));
  await press(page, "Control+a");
  await page.keyboard.type("by-keyboard");
  await tabTo(page, page.getByRole("button", { name: "Make the source and its token" }));
  await press(page, "Enter");
  await expect(page.getByText("This token is shown only now")).toBeVisible();
  // Escape must not lose a token that can be seen only once.
  await press(page, "Escape");
  const token = /rf[a-z]*_[\w-]{20,}/.exec((await page.locator("[data-token]").textContent()) ?? "")?.[0] ?? "";
  expect(token).not.toBe("");
  const sent = await request.post("/api/v1/events", {
    headers: { Authorization: `Bearer ${token}`, ...OURS },
    data: JSON.stringify({ ts: new Date().toISOString(), user: "4711", action: "view", customer_id: "C-1001" }),
  });
  expect(sent.ok(), await sent.text()).toBe(true);
  await expect(page.locator("[data-arrived=true]")).toBeVisible({ timeout: 30_000 });
  await tabTo(page, page.getByRole("button", { name: "I have stored the token" }));
  await press(page, "Enter");
  await expect(page.getByText("This token is shown only now")).toBeHidden();
  await press(page, "/");
  await page.keyboard.type("by-keyboard");
  await press(page, "Escape");
  await press(page, "Tab", "j", "Enter");
  await expect(page.getByRole("dialog").getByText("by-keyboard").first()).toBeVisible();
});

test("Rules: find one, read it, try one on pasted records", async ({ page }) => {
  await page.goto("/rules");
  await expect(page.getByText("Customer record opened without a call").first()).toBeVisible();
  await press(page, "/");
  await page.keyboard.type("opened without a call");
  await expect(page).toHaveURL(/text=/);
  await tabTo(page, page.locator("[data-rule]").first());
  await press(page, "Enter");
  await expect(
    page
      .getByRole("dialog")
      .getByText(/Customer record opened without a call/)
      .first(),
  ).toBeVisible();
  await press(page, "Escape");
  await expect(page.getByRole("dialog")).toBeHidden();
  await press(page, "t");
  await expect(heading(page, "Try a rule")).toBeVisible();
  await tabTo(page, page.getByRole("textbox", { name: "Rule" }));
  await press(page, "Control+Enter");
  await expect(page.getByRole("list", { name: "Hits" })).toBeVisible();
  await expect(page.getByText("Agent 4711 exported 250 records")).toBeVisible();
});

test("Access: make a service, see what it was denied, end it", async ({ page, request }) => {
  await page.goto("/access");
  await expect(page.getByRole("region", { name: "Programs with a token" })).toBeVisible();
  const name = `keys-${Date.now()}`;
  await tabTo(page, page.getByRole("button", { name: "Make a service" }));
  await press(page, "Enter");
  await expect(page.getByRole("textbox", { name: "Name of the service" })).toBeFocused();
  await page.keyboard.type(name);
  await press(page, "Enter");
  await expect(page.getByText("This token is shown only now")).toBeVisible();
  // Escape must not lose a token that can be seen only once.
  await press(page, "Escape");
  const token = /rft_[\w-]{20,}/.exec((await page.locator("[data-token]").textContent()) ?? "")?.[0] ?? "";
  expect(token).not.toBe("");
  const asked = await request.post("/access/v1/evaluation", {
    headers: { Authorization: `Bearer ${token}`, ...OURS },
    data: {
      subject: { type: "agent", id: name },
      action: { name: "customer-record:open" },
      resource: { type: "customer-record", id: "C-1001" },
    },
  });
  expect(((await asked.json()) as { decision: boolean }).decision).toBe(false);
  await tabTo(page, page.getByRole("button", { name: "I have stored the token" }));
  await press(page, "Enter");
  const denied = page.getByRole("region", { name: "What was denied" });
  await expect(denied.getByText(`an agent \`${name}\` is not known here`)).toBeVisible({ timeout: 30_000 });
  await tabTo(page, page.getByRole("button", { name: `End ${name}…` }));
  await press(page, "Enter");
  await tabTo(page, page.getByRole("button", { name: "End it" }));
  await press(page, "Enter");
  await expect(page.getByRole("button", { name: `End ${name}…` })).toBeHidden();
  const late = await request.get("/api/v1/access", { headers: { Authorization: `Bearer ${token}` } });
  expect(late.status()).toBe(401);
});

test("Ctrl-K goes to an agent from anywhere", async ({ page }) => {
  const agent = await askOne(page, "SELECT agent FROM events WHERE class_uid = 99904001 AND agent IS NOT NULL LIMIT 1");
  await page.goto("/");
  await expect(heading(page, "Now")).toBeVisible();
  await press(page, "Control+k");
  await expect(page.getByRole("combobox", { name: /Find a call/ })).toBeFocused();
  await page.keyboard.type(agent);
  await press(page, "Enter");
  await expect(page).toHaveURL(new RegExp(`/entity/agent/${agent}`));
  await expect(heading(page)).toContainText(agent);
});

test("the keys of a page are told by ?", async ({ page }) => {
  for (const path of ["/alerts", "/search", "/sources", "/rules", "/people"]) {
    await page.goto(path);
    await expect(heading(page)).toBeVisible();
    await press(page, "?");
    const help = page.getByRole("dialog", { name: "Keys of this page" });
    await expect(help).toBeVisible();
    await press(page, "Escape");
    await expect(help).toBeHidden();
  }
});
