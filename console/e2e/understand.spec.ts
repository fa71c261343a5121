/** Groups of a directory, why somebody may, what other policies would change, and what is recorded about oneself. */
import { type APIRequestContext, expect, request, test } from "@playwright/test";
import { type Someone, known, signIn } from "./accounts";
import { faultsOf, heading, sound } from "./lib";

test.describe.configure({ mode: "serial" });

let admin: Someone;
let api: APIRequestContext;
/** The directory: a program that speaks SCIM. */
let directory: APIRequestContext;

test.beforeAll(async () => {
  const url = process.env["RINGFENCE_CONSOLE_URL"] ?? "";
  admin = known("administrator");
  api = await signIn(url, admin);
  const made = await api.post("/api/v1/services", {
    data: { name: "okta", role: "provisioner", program: "*", days: 30, why: "accounts from Okta" },
  });
  expect(made.status(), await made.text()).toBe(201);
  const { token } = (await made.json()) as { token: string };
  directory = await request.newContext({
    baseURL: url,
    storageState: { cookies: [], origins: [] },
    extraHTTPHeaders: { Authorization: `Bearer ${token}` },
  });
});

test.afterAll(async () => {
  await api.dispose();
  await directory.dispose();
});

test.beforeEach(async ({ context }) => {
  await context.clearCookies();
  await context.addCookies((await api.storageState()).cookies);
});

test("a group of the directory is given a role, and loses it", async ({ page }) => {
  const schema = "urn:ietf:params:scim:schemas:core:2.0:";
  const user = await directory.post("/scim/v2/Users", {
    data: { schemas: [`${schema}User`], userName: "grace@example.test", displayName: "Grace H" },
  });
  const { id } = (await user.json()) as { id: string };
  const group = { schemas: [`${schema}Group`], displayName: "Night shift", members: [{ value: id }] };
  expect((await directory.post("/scim/v2/Groups", { data: group })).status()).toBe(201);
  await page.goto("/access");
  const row = page.getByRole("row", { name: /Night shift/ });
  await expect(row).toContainText("nothing by this group");
  await row.getByRole("button", { name: "Give a role to Night shift…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Role", { exact: true }).first().click();
  await expect(page.getByRole("option", { name: /Administrator/ })).toHaveCount(0);
  await page.getByRole("option", { name: /Supervisor/ }).click();
  await dialog.getByRole("textbox", { name: "Why" }).fill("leads the night");
  await dialog.getByRole("button", { name: "Give it" }).click();
  await expect(row).toContainText("Supervisor in all programs");
  await sound(page, "access with groups");
  // Whoever is in it is shown with it.
  await page.goto(`/people?text=grace`);
  const grace = page.getByRole("row", { name: /Grace H/ });
  await expect(grace).toContainText("Supervisor in all programs");
  await expect(grace).toContainText("from the directory");
  await page.goto("/access");
  await row.getByRole("button", { name: /Take Supervisor/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take it" }).click();
  await expect(row).toContainText("nothing by this group");
});

test("why somebody may not is answered with what it would take", async ({ page }) => {
  await page.goto(`/access?action=recording:listen&program=*&id=${admin.id}`);
  await expect(page.getByText("who administers access cannot hear recordings").first()).toBeVisible();
  await expect(page.getByText("Roles that may, at some moment")).toBeVisible();
  await sound(page, "why");
});

test("another policy is tried before it is made", async ({ page }) => {
  const faults = faultsOf(page);
  await page.goto("/access");
  await page.getByRole("button", { name: "Try a change…" }).click();
  const dialog = page.getByRole("dialog");
  const text = dialog.getByRole("textbox", { name: "Policies, in Cedar" });
  await text.fill("permit (principal, action, resource) when { context.shoe };");
  await dialog.getByRole("button", { name: "Try it" }).click();
  await expect(dialog.getByRole("alert")).toContainText("proposed.cedar");
  await text.fill(
    '@id("blind")\n@says("nobody searches")\nforbid (principal, action == Ringfence::Action::"event:query", resource);',
  );
  await dialog.getByRole("button", { name: "Try it" }).click();
  await expect(dialog.getByRole("status")).toContainText("blind added");
  await expect(dialog.getByRole("region", { name: "What people and services may do" })).toContainText("search events");
  await sound(page, "preview");
  expect(faults.filter((fault) => !fault.includes("400"))).toEqual([]);
});

test("everybody sees what is recorded about themselves", async ({ page }) => {
  await page.goto("/account");
  await expect(heading(page, "My account")).toBeVisible();
  const rows = page.getByRole("region", { name: "What is recorded about you" }).first();
  await expect(rows).toContainText("signed in");
  await expect(rows.getByText("you", { exact: true }).first()).toBeVisible();
});
