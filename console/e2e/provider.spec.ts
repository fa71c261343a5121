/** Sign-in by a real provider of OpenID Connect, in a real browser. */
import { type APIRequestContext, type Page, expect, test } from "@playwright/test";
import { known, newSomeone, nextCode, signIn } from "./accounts";
import { OURS, faultsOf, sound } from "./lib";

test.describe.configure({ mode: "serial" });

const NOBODY = { cookies: [], origins: [] };

let api: APIRequestContext;
let url: string;

test.beforeAll(async () => {
  url = process.env["RINGFENCE_CONSOLE_URL"] ?? "";
  api = await signIn(url, known("administrator"));
});

test.afterAll(async () => {
  await api.dispose();
});

/** Says at the provider who one is, and what was shown. */
async function goIn(page: Page, name: string, shown: string): Promise<void> {
  await expect(page.getByRole("heading", { name: "Provider" })).toBeVisible();
  expect(new URL(page.url()).hostname).toBe("127.0.0.1");
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Shown").fill(shown);
  await page.getByRole("button", { name: "Go in" }).click();
}

test("somebody who was only invited signs in by the company's account, by keyboard", async ({ browser }) => {
  const login = "sue.sso@example.test";
  const roles = [{ role: "analyst", program: "*", why: "their work" }];
  const invited = await api.post("/api/v1/people", { data: { login, name: "Sue Sso", roles }, headers: OURS });
  expect(invited.status()).toBe(201);
  for (const colorScheme of ["light", "dark"] as const) {
    const context = await browser.newContext({ storageState: NOBODY, colorScheme });
    const page = await context.newPage();
    const faults = faultsOf(page);
    await page.goto("/alerts?status=new");
    const button = page.getByRole("button", { name: "Sign in with The company" });
    await expect(button).toBeVisible();
    await sound(page, `sign-in with a provider, ${colorScheme}`);
    await page.screenshot({ path: `test-results/signin-provider-${colorScheme}.png`, fullPage: true });
    await button.focus();
    await page.keyboard.press("Enter");
    await goIn(page, login, "pwd mfa");
    await expect(page).toHaveURL(/\/alerts\?status=new/);
    await expect(page.getByRole("heading", { name: "Alerts", exact: true })).toBeVisible();
    const addresses = await page.evaluate(() => performance.getEntriesByType("navigation").map((entry) => entry.name));
    expect(addresses.join(" ")).not.toContain("code=");
    // The way is there and back: nothing of it stays.
    const kept = (await context.cookies(`${url}/signin/from/company`)).map((cookie) => cookie.name);
    expect(kept).not.toContain("ringfence_away");
    const session = (await context.cookies(url)).find((cookie) => cookie.name === "ringfence_session");
    expect([session?.httpOnly, session?.sameSite]).toEqual([true, "Strict"]);
    await page.goto("/account");
    const links = page.getByRole("region", { name: "Linked accounts" });
    await expect(links.getByRole("row", { name: "The company" })).toContainText(login);
    await sound(page, `my account with a link, ${colorScheme}`);
    // The provider's pages have no icon.
    expect(faults.filter((fault) => !fault.startsWith("Failed to load resource"))).toEqual([]);
    await context.close();
  }
});

test("somebody links an account, signs in by it with a code of theirs, and unlinks it", async ({ browser }) => {
  test.setTimeout(120_000);
  const { who, api: theirs } = await newSomeone(url, api, "Lin Linker");
  const context = await browser.newContext({ storageState: await theirs.storageState() });
  const page = await context.newPage();
  await page.goto("/account");
  await page.getByRole("button", { name: "Link an account of The company" }).click();
  await page.getByRole("button", { name: "Go there" }).click();
  await goIn(page, "lin-there", "pwd");
  await expect(page).toHaveURL(/\/account$/);
  const links = page.getByRole("region", { name: "Linked accounts" });
  await expect(links.getByRole("row", { name: "lin-there" })).toBeVisible();

  const elsewhere = await browser.newContext({ storageState: NOBODY });
  const other = await elsewhere.newPage();
  await other.goto("/signin");
  await other.getByRole("button", { name: "Sign in with The company" }).click();
  await goIn(other, "lin-there", "pwd");
  await expect(other.getByRole("heading", { name: "One more step" })).toBeVisible();
  expect(new URL(other.url()).pathname).toBe("/signin/step");
  await sound(other, "the step after a provider");
  await other.getByLabel("One-time code").fill(await nextCode(who));
  await other.getByRole("button", { name: "Sign in" }).click();
  await expect(other).not.toHaveURL(/signin/);
  await other.goto("/account");
  await expect(other.getByText("linked account and one-time code")).toBeVisible();

  await links.getByRole("button", { name: "Unlink The company" }).click();
  await page.getByRole("button", { name: "Unlink it" }).click();
  await expect(links).toBeHidden();
  await expect.poll(async () => (await elsewhere.request.get("/api/v1/session")).status()).toBe(401);
  await theirs.dispose();
  await context.close();
  await elsewhere.close();
});
