/** The evidence log: what was done is in it, and a browser tells a true entry from a forged one. */
import { readFileSync } from "node:fs";
import { type APIRequestContext, type Page, expect, test } from "@playwright/test";
import { type Someone, known, newSomeone, open, signIn } from "./accounts";
import { OURS, faultsOf, heading, picture, sound } from "./lib";

test.describe.configure({ mode: "serial" });

const NAME = "Evi Dence";
/** A key that is right, of another log: that of the specification. */
const OTHER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const CHECKED = /^Checked in this browser: the log's checkpoint of [\d,]+ entries has this record at number [\d,]+\.$/;

let admin: Someone;
/** The administrator, who signed in a moment ago. */
let api: APIRequestContext;
let url: string;
/** Somebody to whom things were done. */
let who: Someone;

test.beforeAll(async () => {
  url = process.env["RINGFENCE_CONSOLE_URL"] ?? "";
  admin = known("administrator");
  api = await signIn(url, admin);
  const made = await newSomeone(url, api, NAME, [{ role: "analyst", program: "*", why: "to be written down" }]);
  who = made.who;
  await made.api.dispose();
});

test.afterAll(async () => {
  await api.dispose();
});

const list = (page: Page) => page.getByRole("region", { name: "Entries of the evidence log" });
const about = (page: Page) => list(page).getByRole("link", { name: new RegExp(NAME) });

interface Entry {
  index: number;
  text: string;
  log: { key: string; size: number };
}

/** The newest entry about somebody. */
async function newest(): Promise<Entry> {
  const answer = await api.get(`/api/v1/evidence?target=${who.id}&kind=account&limit=1`, { headers: OURS });
  const { items } = (await answer.json()) as { items: { index: number }[] };
  const one = await api.get(`/api/v1/evidence/${items[0]?.index ?? -1}`, { headers: OURS });
  expect(one.ok(), await one.text()).toBe(true);
  return (await one.json()) as Entry;
}

test("what was just done is listed, and its proof is checked in the browser", async ({ browser }) => {
  const page = await open(browser, api);
  const faults = faultsOf(page);
  await page.goto("/evidence");
  await expect(heading(page, "Evidence")).toBeVisible();
  await expect(page.getByText(/^The log has [\d,]+ entries$/)).toBeVisible();
  const row = list(page)
    .getByRole("row", { name: new RegExp(NAME) })
    .first();
  await expect(row).toContainText("Success");
  await sound(page, "the evidence log");
  await picture(page, "evidence");
  await page.goto(`/evidence?target=${who.id}`);
  await about(page).first().click();
  await expect(page).toHaveURL(/entry=/);
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(CHECKED)).toBeVisible();
  await expect(dialog.getByText(/This key comes from the server/)).toBeVisible();
  await expect(dialog.getByRole("region", { name: "Record", exact: true })).toContainText(who.id);
  await sound(page, "an entry");
  await picture(page, "evidence-entry");

  await test.step("it is taken elsewhere as the server wrote it", async () => {
    const index = (new URL(page.url()).searchParams.get("entry") ?? "").replaceAll('"', "");
    const coming = page.waitForEvent("download");
    await dialog.getByRole("button", { name: "Download this entry" }).click();
    const file = await coming;
    expect(file.suggestedFilename()).toBe(`evidence-${index}.json`);
    const saved = JSON.parse(readFileSync(await file.path(), "utf8")) as Entry;
    const answer = await api.get(`/api/v1/evidence/${index}`, { headers: OURS });
    const { text, log } = (await answer.json()) as Entry;
    expect([String(saved.index), saved.text, saved.log.key]).toEqual([index, text, log.key]);
  });
  await test.step("what else was done by the same is one step away", async () => {
    await dialog.getByRole("button", { name: "All that they did" }).click();
    await expect(dialog).toBeHidden();
    await expect(page).toHaveURL(/actor=/);
    await expect(list(page).getByRole("row").nth(1)).toBeVisible();
    await page.getByRole("button", { name: "Show all of them" }).click();
    await expect(page).toHaveURL(/\/evidence$/);
  });
  expect(faults).toEqual([]);
  await page.context().close();
});

test("a forged entry is not proved, and that is said", async ({ browser }) => {
  const entry = await newest();
  const { index, text } = entry;
  // One letter of what happened.
  const forged = text.replace(NAME, NAME.replace("i", "e"));
  expect(forged).not.toBe(text);
  const page = await open(browser, api);
  await page.route(`**/api/v1/evidence/${index}`, (route) => route.fulfill({ json: { ...entry, text: forged } }));
  await page.goto(`/evidence?entry=${index}`);
  const dialog = page.getByRole("dialog");
  const alert = dialog.getByRole("alert").filter({ hasText: "This entry is not proved" });
  await expect(alert).toContainText("The record is not the one that was logged");
  await expect(dialog.getByText(CHECKED)).toHaveCount(0);
  await sound(page, "a forged entry");
  await picture(page, "evidence-forged");
  // Another true entry in its place is no better.
  const first = await (await api.get("/api/v1/evidence/0", { headers: OURS })).text();
  await page.unrouteAll();
  await page.route(`**/api/v1/evidence/${index}`, (route) =>
    route.fulfill({ contentType: "application/json", body: first }),
  );
  await page.reload();
  await expect(alert).toContainText(`The proof is that of entry 0, and not of ${index}`);
  await page.context().close();
});

test("a key that somebody wrote down counts more than what the server says", async ({ browser }) => {
  const { index, log } = await newest();
  const page = await open(browser, api);
  await page.goto(`/evidence?entry=${index}`);
  const dialog = page.getByRole("dialog");
  const field = dialog.getByRole("textbox", { name: "The key that you wrote down" });
  const use = dialog.getByRole("button", { name: "Check with it" });
  await field.fill(log.key.slice(0, -4));
  await use.click();
  await expect(dialog.getByRole("alert")).toContainText("The key is not written as a key is");
  await field.fill(` ${log.key}\n`);
  await use.click();
  await expect(dialog.getByText(/It is checked with this key, which this browser remembers/)).toBeVisible();
  await expect(dialog.getByText(CHECKED)).toBeVisible();
  await page.reload();
  await expect(dialog.getByText(/It is checked with this key/)).toBeVisible();
  await expect(dialog.getByText(CHECKED)).toBeVisible();

  await dialog.getByRole("button", { name: "Forget this key" }).click();
  await field.fill(OTHER);
  await use.click();
  const differs = page.locator("[data-keys=differ]");
  await expect(dialog.locator("[data-keys=differ]")).toContainText("The server shows another key");
  await expect(dialog.locator("[data-proof=bad]")).toContainText("another log, or with another key");
  await expect(dialog.getByText(CHECKED)).toHaveCount(0);
  await sound(page, "another key");
  await picture(page, "evidence-key");
  await page.goto("/evidence");
  await expect(differs).toBeVisible();
  await sound(page, "the log with another key");
  await page.context().close();
});

test("records are taken out for an auditor and checked in the browser", async ({ browser }) => {
  const page = await open(browser, api);
  const faults = faultsOf(page);
  await page.goto(`/evidence?target=${who.id}`);
  await expect(about(page).first()).toBeVisible();
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export for an auditor" }).click();
  const file = await coming;
  expect(file.suggestedFilename()).toMatch(/^evidence-.*\.jsonl$/);
  const taken = page.locator("[data-export=done]");
  await expect(taken).toContainText(file.suggestedFilename());
  await sound(page, "a bundle was taken");
  const text = readFileSync(await file.path(), "utf8");
  const lines = text.trimEnd().split("\n");
  const header = JSON.parse(lines[0] ?? "") as { filter: unknown; by: { name: string } };
  expect(header.filter).toEqual({ target: who.id });
  await expect(taken).toContainText(`${lines.length - 2} record`);

  await test.step("who took it is in the log", async () => {
    const answer = await api.get("/api/v1/evidence?kind=evidence&limit=1", { headers: OURS });
    const { items } = (await answer.json()) as { items: { record: { ocsf: { bundle: { filter: unknown } } } }[] };
    expect(items[0]?.record.ocsf.bundle.filter).toEqual({ target: who.id });
  });
  // By keyboard.
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "Check a bundle" });
  const choose = dialog.getByRole("button", { name: "Choose a bundle" });
  await expect(choose).toBeFocused();
  const give = async (name: string, content: string) => {
    const asked = page.waitForEvent("filechooser");
    await choose.press("Enter");
    await (await asked).setFiles({ name, mimeType: "application/x-ndjson", buffer: Buffer.from(content) });
  };
  const records = dialog.getByRole("region", { name: "Records of the bundle" });
  await give("good.jsonl", text);
  await expect(dialog.locator("[data-bundle=good]")).toContainText("what was logged");
  await expect(dialog.locator("[data-bundle-key=own]")).toBeVisible();
  await expect(records.getByRole("row")).toHaveCount(lines.length - 1);
  await expect(records.getByRole("row").nth(1)).toContainText("Proved");
  await sound(page, "a bundle");
  await picture(page, "evidence-bundle");

  await test.step("what was done to it is named", async () => {
    // One letter of what happened, in one record.
    const at = lines.findIndex((line) => line.includes(NAME));
    const forged = lines.map((line, n) => (n === at ? line.replaceAll(NAME, NAME.replace("i", "e")) : line));
    await give("forged.jsonl", `${forged.join("\n")}\n`);
    const bad = dialog.locator("[data-bundle=faulty]");
    await expect(bad).toContainText("1 record");
    await expect(bad).toContainText("changed, removed or moved");
    await expect(records.getByRole("row").nth(1)).toContainText(`Line ${at + 1}: The record is not the one`);
    await sound(page, "a forged bundle");
    await picture(page, "evidence-bundle-forged");
    await give("cut.jsonl", lines.slice(0, -1).join("\n"));
    await expect(bad).toContainText("cut off");
    await give("none.jsonl", "{}");
    await expect(dialog.locator("[data-bundle=bad]")).toContainText("This is no bundle of an evidence log");
  });
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  expect(faults).toEqual([]);

  await test.step("what the server refuses is said", async () => {
    await page.route("**/api/v1/evidence/export", (route) =>
      route.fulfill({
        status: 400,
        contentType: "application/problem+json",
        body: JSON.stringify({
          type: "urn:ringfence:invalid",
          title: "The request is not valid",
          status: 400,
          detail: "these are too many",
        }),
      }),
    );
    await page.getByRole("button", { name: "Export for an auditor" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "these are too many" })).toBeVisible();
    await expect(taken).toHaveCount(0);
  });
  await page.context().close();
});

test("an entry is opened and closed by keyboard", async ({ browser }) => {
  const page = await open(browser, api);
  await page.goto(`/evidence?target=${who.id}`);
  await expect(about(page).first()).toBeVisible();
  await page.keyboard.press("j");
  const first = page.locator("[data-entry]").first();
  await expect(first).toBeFocused();
  await page.keyboard.press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(CHECKED)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page).not.toHaveURL(/entry=/);
  await expect(first).toBeFocused();
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys of this page" })).toBeVisible();
  await page.context().close();
});

test("whoever it is about sees it under their account, with its proof", async ({ browser }) => {
  const theirs = await signIn(url, who);
  const page = await open(browser, theirs);
  const faults = faultsOf(page);
  await page.goto("/account");
  const mine = page.getByRole("region", { name: "Entries about you" });
  const by = (name: string) => mine.getByRole("row").filter({ hasText: name });
  const proof = /^Checked in this browser: the log has/;
  // What they did themselves is shown whole.
  await by("you")
    .first()
    .getByRole("button", { name: /^Proof of entry/ })
    .click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText(proof)).toContainText("this record");
  await expect(dialog.getByRole("region", { name: "Record" })).toContainText(who.id);
  await sound(page, "an entry about oneself");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  // Of what the administrator did to them: that it was, and who.
  const others = mine.getByRole("row").filter({ has: page.getByRole("button"), hasNotText: "you" });
  await others
    .first()
    .getByRole("button", { name: /^Proof of entry/ })
    .press("Enter");
  await expect(dialog.getByText(proof)).toContainText("the entry of this record");
  await expect(dialog.getByRole("region", { name: "Record" })).toHaveCount(0);
  await sound(page, "what somebody else did");
  await picture(page, "account-evidence");
  expect(faults).toEqual([]);
  await page.context().close();
  await theirs.dispose();
});

test("whoever may not see it is not led to it", async ({ browser }) => {
  const theirs = await signIn(url, who);
  const page = await open(browser, theirs);
  await page.goto("/");
  await expect(heading(page, "Now")).toBeVisible();
  const pages = page.getByRole("navigation", { name: "Pages" });
  await expect(pages.getByRole("link", { name: "Alerts" })).toBeVisible();
  await expect(pages.getByRole("link", { name: "Evidence" })).toHaveCount(0);
  await page.goto("/evidence");
  await expect(page.getByText("This is not for you to see")).toBeVisible();
  await expect(pages.getByRole("link", { name: "Evidence" })).toHaveCount(0);

  const office = await open(browser, api);
  await office.goto("/");
  await office.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Evidence" }).click();
  await expect(heading(office, "Evidence")).toBeVisible();
  await office.context().close();
  await page.context().close();
  await theirs.dispose();
});
