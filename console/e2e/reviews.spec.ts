/** Roles for a time, broken glasses, and reviews of everything that is held. */
import { type APIRequestContext, type Page, expect, test } from "@playwright/test";
import { type Someone, known, newSomeone, open, signIn } from "./accounts";
import { OURS, faultsOf, heading, picture, sound } from "./lib";

test.describe.configure({ mode: "serial" });

let admin: Someone;
/** The administrator, who signed in a moment ago. */
let api: APIRequestContext;
let url: string;

test.beforeAll(async () => {
  url = process.env["RINGFENCE_CONSOLE_URL"] ?? "";
  admin = known("administrator");
  api = await signIn(url, admin);
});

test.afterAll(async () => {
  await api.dispose();
});

test("a role is asked for, granted by somebody else, and given back", async ({ browser }) => {
  const { api: theirs } = await newSomeone(url, api, "Tim Timed");
  const page = await open(browser, theirs);
  const office = await open(browser, api);
  const faults = faultsOf(page);
  await page.goto("/account");
  await expect(page.getByText("You asked for none")).toBeVisible();
  await page.getByRole("button", { name: "Ask for a role…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Why" }).fill("the dialer loses calls, ticket 12");
  await sound(page, "asking for a role");
  await dialog.getByRole("button", { name: "Ask", exact: true }).click();
  await expect(dialog).toBeHidden();
  const mine = page.getByRole("region", { name: "Roles that you asked for" }).getByRole("row", { name: /Analyst/ });
  await expect(mine).toContainText("waits for somebody");

  await office.goto("/access");
  const asked = office
    .getByRole("region", { name: "Requests of roles" })
    .last()
    .getByRole("row", { name: /Tim Timed/ });
  await expect(asked).toContainText("ticket 12");
  await sound(office, "requests");
  await picture(office, "requests");
  await asked.getByRole("button", { name: /^Grant/ }).click();
  await office.getByRole("dialog").getByRole("textbox").fill("for this evening");
  await office.getByRole("dialog").getByRole("button", { name: "Grant it" }).click();
  await expect(asked).toHaveCount(0);

  await page.reload();
  await expect(mine).toContainText("granted");
  await expect(mine).toContainText("for this evening");
  expect((await theirs.get("/api/v1/alerts")).status()).toBe(200);
  await picture(page, "my-requests");
  await mine.getByRole("button", { name: /^Give back/ }).click();
  await dialog.getByRole("button", { name: "Give back" }).click();
  await expect(mine).toContainText("ended");
  expect((await theirs.get("/api/v1/alerts")).status()).toBe(403);
  expect(faults.filter((fault) => !/status of 40[0-9]/.test(fault))).toEqual([]);
  await page.context().close();
  await office.context().close();
  await theirs.dispose();
});

test("a glass is broken, seen on every page, ended, and reviewed by somebody else", async ({ browser }) => {
  const { who, api: theirs } = await newSomeone(url, api, "Gil Glass");
  const office = await open(browser, api);
  await office.goto(`/people/${who.id}?do=role`);
  const given = office.getByRole("dialog");
  await given.getByLabel("Role", { exact: true }).first().click();
  await office.getByRole("option", { name: /^Administrator/ }).click();
  await given.getByRole("textbox", { name: "Why" }).fill("on call at night");
  await given.getByRole("switch", { name: "In reserve" }).click();
  await given.getByRole("button", { name: "Give it" }).click();
  await expect(given).toBeHidden();
  await expect(office.getByRole("row", { name: /Administrator in all programs/ })).toContainText("in reserve");

  const page = await open(browser, theirs);
  await page.goto("/account");
  await expect(page.getByText("Administrator in all programs, in reserve")).toBeVisible();
  await sound(page, "a role in reserve");
  await picture(page, "reserve");
  expect((await theirs.get("/api/v1/people")).status()).toBe(403);
  await page.getByRole("button", { name: "Break the glass…" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: /^Break it/ })).toBeDisabled();
  await dialog.getByRole("textbox", { name: "Why it cannot wait" }).fill("the telephony is down");
  await sound(page, "breaking the glass");
  await picture(page, "break");
  await dialog.getByRole("button", { name: /^Break it/ }).click();
  const line = page.getByRole("region", { name: "Emergency" });
  await expect(line).toContainText("You broke the glass: Administrator in all programs");
  expect((await theirs.get("/api/v1/people")).status()).toBe(200);
  await page.goto("/alerts");
  await expect(line).toBeVisible();
  await expect(page.getByText(/Gil Glass broke the glass/).first()).toBeVisible();
  await sound(page, "alerts in an emergency");
  await picture(page, "in-force");
  await line.getByRole("button", { name: "End now" }).click();
  await expect(line).toBeHidden();
  expect((await theirs.get("/api/v1/people")).status()).toBe(403);

  await office.goto("/access");
  const row = office
    .getByRole("region", { name: "Emergencies" })
    .last()
    .getByRole("row", { name: /Gil Glass/ });
  await expect(row).toContainText("not reviewed");
  await sound(office, "emergencies");
  await picture(office, "emergencies");
  await row.getByRole("button", { name: /^Justified/ }).click();
  await office.getByRole("dialog").getByRole("textbox").fill("the telephony was down indeed");
  await office.getByRole("dialog").getByRole("button", { name: "Justified" }).click();
  await expect(row).toContainText("justified, by");
  await page.context().close();
  await office.context().close();
  await theirs.dispose();
});

// Closing the dialog leads back to the list before the review is shown: to be mended.
test("a review is opened, decided by keyboard by two people, and signed", async ({ browser }) => {
  test.setTimeout(120_000);
  const roles = [{ role: "administrator", program: "*", why: "the other one" }];
  const { api: second } = await newSomeone(url, api, "Sue Second", roles);
  const [one, two] = [await open(browser, api), await open(browser, second)];
  await one.goto("/reviews");
  await expect(heading(one, "Reviews")).toBeVisible();
  await sound(one, "no review yet");
  await picture(one, "no-reviews");
  await one.getByRole("button", { name: "Open a review" }).click();
  await one.getByRole("dialog").getByRole("textbox", { name: "Why now" }).fill("before the audit");
  await one.getByRole("dialog").getByRole("button", { name: "Open it" }).click();
  await expect(heading(one, "before the audit")).toBeVisible();
  const path = new URL(one.url()).pathname;
  const list = (page: Page) => page.getByRole("region", { name: "Roles in the review" });
  await expect(list(one).getByRole("row", { name: /Sue Second/ })).toContainText("the other one");
  await sound(one, "a review");
  await picture(one, "review");

  await test.step("one confirms all of the others, by key", async () => {
    await one.keyboard.press("j");
    await one.keyboard.press("a");
    await one.keyboard.press("c");
    await expect(list(one).getByText("another person decides").first()).toBeVisible();
    await expect(list(one).getByText("not decided")).toHaveCount(0);
    await expect(one.getByRole("button", { name: "Sign the review…" })).toHaveCount(0);
  });
  await test.step("the other one decides what is left, and takes one away", async () => {
    await two.goto(`${path}?show=undecided`);
    await expect(list(two).getByRole("row").nth(1)).toBeVisible();
    await two.getByRole("checkbox", { name: "Choose all that are shown" }).click();
    await two.getByRole("button", { name: /^Confirm/ }).click();
    await expect(two.getByText("No role is like that")).toBeVisible();
    await sound(two, "nothing left");
    await two.goto(`${path}?text=tim`);
    await expect(two.getByText("No role is like that")).toBeVisible();
  });
  await test.step("signed, it stays as it is", async () => {
    await one.reload();
    await one.getByRole("button", { name: "Sign the review…" }).click();
    await one.getByRole("dialog").getByRole("button", { name: "Sign it" }).click();
    await expect(one.getByText(/^signed by/)).toBeVisible();
    await expect(list(one).getByRole("checkbox")).toHaveCount(0);
    await picture(one, "signed");
    await one.goto("/reviews");
    await expect(one.getByRole("row", { name: /before the audit/ })).toContainText("signed by");
    await picture(one, "reviews");
  });
  const items = (await (await api.get(`/api/v1${path}`, { headers: OURS })).json()) as {
    items: { decision: string; decided_by_name: string }[];
  };
  expect(new Set(items.items.map((item) => item.decision))).toEqual(new Set(["confirmed"]));
  expect(new Set(items.items.map((item) => item.decided_by_name)).size).toBe(2);
  await one.context().close();
  await two.context().close();
  await second.dispose();
});
