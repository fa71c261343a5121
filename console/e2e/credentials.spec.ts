/** How sources and services prove who they are: tokens that rotate, certificates that are issued and revoked. */
import { execFileSync } from "node:child_process";
import { type APIRequestContext, type Page, expect, request, test } from "@playwright/test";
import { known, open, signIn } from "./accounts";
import { faultsOf, heading, picture, sound } from "./lib";

test.describe.configure({ mode: "serial" });

let url: string;
/** The administrator, who signed in a moment ago. */
let api: APIRequestContext;

test.beforeAll(async () => {
  url = process.env["RINGFENCE_CONSOLE_URL"] ?? "";
  api = await signIn(url, known("administrator"));
});

test.afterAll(async () => {
  await api.dispose();
});

/** A request for a key that nobody keeps. */
const newRequest = (): string =>
  execFileSync(
    "openssl",
    "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=x -keyout /dev/null".split(" "),
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );

async function issue(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Issue a certificate…" }).click();
  const dialog = page.getByRole("dialog").last();
  await dialog.getByRole("textbox", { name: "The request" }).fill("-----BEGIN NOTHING-----");
  await dialog.getByRole("button", { name: "Issue it" }).click();
  await expect(dialog.getByRole("alert")).toContainText("request:");
  await dialog.getByRole("textbox", { name: "The request" }).fill(newRequest());
  await sound(page, "a certificate is asked for");
  await picture(page, "certify");
  await dialog.getByRole("button", { name: "Issue it" }).click();
  await expect(dialog.locator('[data-copy$=".crt"]')).toContainText("-----BEGIN CERTIFICATE-----");
  await dialog.getByRole("button", { name: "Done" }).click();
}

const lets = async (token: string): Promise<number> => {
  const program = await request.newContext({
    baseURL: url,
    storageState: { cookies: [], origins: [] },
    extraHTTPHeaders: { Authorization: `Bearer ${token}` },
  });
  const answer = await program.get("/api/v1/session");
  await program.dispose();
  return answer.status();
};

test("a source is given a certificate, which is revoked", async ({ browser }) => {
  test.setTimeout(120_000);
  const made = await api.post("/api/v1/sources", {
    data: {
      name: "dialer-7",
      kind: "http",
      program: "default",
      site: "berlin",
      classes: "*",
      grants: [],
      allowed_peers: [],
    },
  });
  expect(made.status(), await made.text()).toBe(201);
  const page = await open(browser, api);
  const faults = faultsOf(page);
  await page.goto("/sources?source=default/dialer-7");
  const drawer = page.getByRole("dialog");
  await expect(drawer.getByText("It has none")).toBeVisible();
  await issue(page);
  const row = drawer.getByRole("region", { name: "Certificates of dialer-7" }).getByRole("row").nth(1);
  await expect(row).toContainText("good, ends");
  await drawer.getByRole("textbox", { name: /^Certificates of your own/ }).fill("nonsense");
  await drawer.getByRole("button", { name: "Save how it is let in" }).click();
  await expect(drawer.getByRole("alert")).toContainText("certificate_names");
  await drawer.getByRole("textbox", { name: /^Certificates of your own/ }).fill("dns:dialer.example.test");
  await drawer.getByRole("button", { name: "Save how it is let in" }).click();
  await expect(drawer.getByRole("button", { name: "Save how it is let in" })).toBeDisabled();
  await sound(page, "a source with a certificate");
  await picture(page, "source-certificates");
  await row.getByRole("button", { name: /^Revoke/ }).click();
  await page.getByRole("button", { name: "Revoke it" }).click();
  await expect(row).toContainText("revoked");
  expect(faults.filter((fault) => !fault.includes("400"))).toEqual([]);
  await page.context().close();
});

test("a service whose token ends soon is given another one, and a certificate", async ({ browser }) => {
  test.setTimeout(120_000);
  const made = await api.post("/api/v1/services", {
    data: { name: "desk of the CRM", role: "analyst", program: "default", days: 5, why: "looks alerts up" },
  });
  expect(made.status(), await made.text()).toBe(201);
  const { token, service } = (await made.json()) as { token: string; service: { id: string } };
  const page = await open(browser, api);
  await page.goto("/access");
  await expect(heading(page, "Access")).toBeVisible();
  const ends = page.locator("[data-ends]");
  await expect(ends).toContainText("The token of desk of the CRM ends");
  await sound(page, "access with what ends soon");
  await ends.getByRole("link", { name: "desk of the CRM" }).click();
  const drawer = page.getByRole("dialog", { name: "desk of the CRM" });
  await drawer.getByRole("button", { name: "Give it a new token…" }).click();
  const dialog = page.getByRole("dialog").last();
  await dialog.getByRole("button", { name: "Make a new token" }).click();
  const shown = dialog.locator("[data-copy]");
  await expect(shown).toBeVisible();
  const renewed = (await shown.textContent())?.trim() ?? "";
  await dialog.getByRole("button", { name: "I have stored it" }).click();
  expect([await lets(token), await lets(renewed)]).toEqual([200, 200]);
  await expect(ends).toHaveCount(0);
  await issue(page);
  await drawer.getByRole("combobox", { name: "It is let in by" }).click();
  await page.getByRole("option", { name: /token alone is refused/ }).click();
  await drawer.getByRole("button", { name: "Save how it is let in" }).click();
  await expect.poll(() => lets(renewed)).toBe(403);
  await sound(page, "a service");
  await picture(page, "service");
  await drawer.getByRole("button", { name: "End it…" }).click();
  await page.getByRole("button", { name: "End it", exact: true }).click();
  await expect(drawer.getByRole("button", { name: "Give it a new token…" })).toHaveCount(0);
  const refused = await api.post(`/api/v1/services/${service.id}/certificates`, { data: { request: newRequest() } });
  expect(refused.status()).toBe(409);
  await page.context().close();
});
