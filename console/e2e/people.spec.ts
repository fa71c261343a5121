/** People: how they are let in, how they sign in, and how that ends. */
import { type APIRequestContext, type Browser, type BrowserContext, type Page, expect, test } from "@playwright/test";
import { type Someone, known, newPassword, newSomeone, nextCode, open, outside, signIn } from "./accounts";
import { faultsOf, heading, sound, tabTo } from "./lib";

test.describe.configure({ mode: "serial" });

/** Whoever is signed out is shown the door in this time. */
const SOON_MS = 2_000;
const NOBODY = { cookies: [], origins: [] };

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

/** A device with a finger that is always there, as long as the page is. */
async function device(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("WebAuthn.enable", { enableUI: false });
  await cdp.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      ctap2Version: "ctap2_1",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
      defaultBackupEligibility: true,
      defaultBackupState: true,
    },
  });
}

/** Invites somebody through the console; gives the link and the code. */
async function invite(page: Page, name: string, login: string): Promise<{ link: string; code: string }> {
  await page.goto("/people");
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Name", exact: true }).fill(name);
  await dialog.getByRole("textbox", { name: "Sign-in name" }).fill(login);
  await dialog.getByRole("button", { name: "Give a role" }).click();
  await dialog.getByRole("textbox", { name: "Why" }).fill("covers the night");
  await dialog.getByRole("button", { name: "Invite", exact: true }).click();
  await expect(dialog.getByText("This code is shown only now")).toBeVisible();
  await sound(page, "the invitation");
  // Escape must not lose a code that can be seen only once.
  await page.keyboard.press("Escape");
  const text = async (title: string) => ((await dialog.locator(`[data-copy="${title}"]`).textContent()) ?? "").trim();
  const shown = { link: await text("Link"), code: await text("Or the code alone, for the page /enrol") };
  await dialog.getByRole("button", { name: "I have passed it on" }).click();
  await expect(dialog).toBeHidden();
  return shown;
}

const row = (page: Page, name: string) => page.getByRole("region", { name: "People" }).getByRole("row", { name });

test("somebody is invited, enrols by passkey, signs in by it, adds a password and codes, ends another session", async ({
  browser,
}) => {
  test.setTimeout(180_000);
  const name = "Pia Passkey";
  const login = "pia@example.test";
  const office = await open(browser, api);
  const { link, code } = await invite(office, name, login);
  expect(link).toBe(`${url}/enrol#${code}`);
  await expect(row(office, name)).toContainText("invitation ends");
  await expect(row(office, name)).toContainText("Analyst in all programs");

  const context = await browser.newContext({ storageState: NOBODY });
  const page = await context.newPage();
  const faults = faultsOf(page);
  await device(page);
  await page.goto(link);
  await expect(heading(page, "Set up how you sign in")).toBeVisible();
  expect(page.url()).not.toContain(code);
  await expect(page.getByText(login).first()).toBeVisible();
  await page.getByRole("textbox", { name: "What to call it" }).fill("Laptop of Pia");
  await page.getByRole("button", { name: "Make a passkey" }).click();
  await expect(heading(page, "It is set up")).toBeVisible();
  await page.getByRole("link", { name: "Go on" }).click();
  await expect(heading(page, "Now")).toBeVisible();
  // Pia gives no roles and sees no accounts.
  await expect(page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "People" })).toHaveCount(0);

  await test.step("sign out, and in by the passkey", async () => {
    await page.getByRole("button", { name: `Signed in as ${name}` }).click();
    await page.getByRole("menuitem", { name: "My account" }).click();
    await expect(page.getByRole("row", { name: /Laptop of Pia.*synced/ })).toBeVisible();
    await page.getByRole("button", { name: `Signed in as ${name}` }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await expect(heading(page, "Sign in")).toBeVisible();
    await page.goto("/account");
    await expect(page).toHaveURL(/\/signin\?next=%2Faccount$/);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await expect(heading(page, "My account")).toBeVisible();
    await expect(page.getByRole("row", { name: /this one.*passkey/ })).toBeVisible();
  });

  const who: Someone = { id: "", login, name, password: newPassword(), secret: "", step: 0 };
  const dialog = page.getByRole("dialog");
  await test.step("set a password, add one-time codes, make recovery codes", async () => {
    await page.getByRole("button", { name: "Set a password…" }).click();
    await dialog.getByLabel("New password").fill("short");
    await dialog.getByLabel("The same again").fill("short");
    await dialog.getByRole("button", { name: "Set it" }).click();
    await expect(dialog.getByText("Use at least 12 characters.")).toBeVisible();
    await dialog.getByLabel("New password").fill(who.password);
    await dialog.getByLabel("The same again").fill(who.password);
    await dialog.getByRole("button", { name: "Set it" }).click();
    await expect(dialog).toBeHidden();

    await page.getByRole("button", { name: "Add one-time codes…" }).click();
    await expect(dialog.getByRole("img", { name: /picture for the camera/ })).toBeVisible();
    who.secret = (await dialog.locator("[data-secret]").textContent()) ?? "";
    const first = dialog.getByRole("textbox", { name: "The code that it shows now" });
    await expect(first).toBeFocused();
    await first.fill("000000");
    await page.keyboard.press("Enter");
    await expect(dialog.getByText(/is its clock right/)).toBeVisible();
    await first.fill(await nextCode(who));
    await page.keyboard.press("Enter");
    await expect(dialog).toBeHidden();
    await expect(page.getByRole("row", { name: /Authenticator.*One-time codes/ })).toBeVisible();

    await page.getByRole("button", { name: "Make new ones…" }).click();
    await dialog.getByRole("button", { name: "Make new ones", exact: true }).click();
    await expect(dialog.getByText("These codes are shown only now")).toBeVisible();
    const codes = (await dialog.locator("[data-copy]").textContent()) ?? "";
    expect(codes.trim().split("\n")).toHaveLength(10);
    await dialog.getByRole("button", { name: "I have kept them" }).click();
    await expect(page.getByText("10 left")).toBeVisible();
  });

  await test.step("end another session: its open page is shown the door", async () => {
    const there = await signIn(url, who);
    const other = await open(browser, there);
    await other.goto("/alerts");
    await expect(heading(other, "Alerts")).toBeVisible();
    await expect(other.locator("[data-live=live]")).toBeVisible();
    await page.goto("/account");
    await page
      .getByRole("row", { name: /password and one-time code/ })
      .getByRole("button", { name: /^End the session/ })
      .click();
    await dialog.getByRole("button", { name: "End it" }).click();
    await expect(dialog).toBeHidden();
    await expect(other).toHaveURL(/\/signin\?next=%2Falerts$/, { timeout: SOON_MS });
    await expect(page.getByRole("row", { name: /password and one-time code/ })).toHaveCount(0);
    await other.context().close();
    await there.dispose();
  });

  await test.step("change the password: the others are signed out, the old one opens nothing", async () => {
    const there = await signIn(url, who);
    await page.goto("/account?do=password");
    const before = who.password;
    await dialog.getByLabel("Your password until now").fill("Not-the-password-1");
    await dialog.getByLabel("New password").fill(before);
    await dialog.getByLabel("The same again").fill(before);
    await dialog.getByRole("button", { name: "Change it" }).click();
    await expect(dialog.getByText(/it is not your password/)).toBeVisible();
    await dialog.getByLabel("Your password until now").fill(before);
    await dialog.getByRole("button", { name: "Change it" }).click();
    await expect(dialog.getByText(/one of your last four/)).toBeVisible();
    who.password = newPassword();
    await dialog.getByLabel("New password").fill(who.password);
    await dialog.getByLabel("The same again").fill(who.password);
    await dialog.getByRole("button", { name: "Change it" }).click();
    await expect(dialog).toBeHidden();
    expect((await there.get("/api/v1/session")).status()).toBe(401);
    const old = await there.post("/signin", { form: { login, password: before } });
    expect(old.status()).toBe(401);
    await there.dispose();
    await (await signIn(url, who)).dispose();
  });

  await test.step("remove the codes, but not the last way to sign in", async () => {
    await page.goto("/account");
    await page.getByRole("button", { name: "Remove Authenticator…" }).click();
    await dialog.getByRole("button", { name: "Remove it" }).click();
    await expect(dialog).toBeHidden();
    await page.getByRole("button", { name: "Remove Laptop of Pia…" }).click();
    await dialog.getByRole("button", { name: "Remove it" }).click();
    await expect(dialog.getByText(/the last that you can sign in with/)).toBeVisible();
    await dialog.getByRole("button", { name: "Keep it" }).click();
  });

  // What the server refused on purpose is noted by the browser.
  expect(faults.filter((fault) => !/status of 40[0-9]/.test(fault))).toEqual([]);
  await context.close();
  await office.context().close();
});

test("somebody is switched off: their open page is shown the door, and they cannot come back until they are on again", async ({
  browser,
}) => {
  const { who, api: theirs } = await newSomeone(url, api, "Olaf Off", [
    { role: "analyst", program: "*", why: "for a while" },
  ]);
  const page = await open(browser, theirs);
  await page.goto("/alerts");
  await expect(page.locator("[data-live=live]")).toBeVisible();
  const office = await open(browser, api);
  await office.goto("/people?text=olaf");
  await office.getByRole("link", { name: who.name }).click();
  await expect(heading(office, who.name)).toBeVisible();
  await office.getByRole("button", { name: "Switch off…" }).click();
  await office.getByRole("dialog").getByRole("button", { name: "Switch it off" }).click();
  await expect(page).toHaveURL(/\/signin\?next=/, { timeout: SOON_MS });
  await expect(office.locator("[data-state=off]")).toBeVisible();
  expect((await theirs.post("/signin", { form: { login: who.login, password: who.password } })).status()).toBe(401);
  await office.getByRole("button", { name: "Switch on…" }).click();
  await office.getByRole("dialog").getByRole("button", { name: "Switch it on" }).click();
  await expect(office.locator("[data-state=active]")).toBeVisible();
  await (await signIn(url, who)).dispose();
  await theirs.dispose();
  await page.context().close();
  await office.context().close();
});

test("roles: given, seen at once, taken; nobody gives themselves one", async ({ browser }) => {
  const { who, api: theirs } = await newSomeone(url, api, "Rita Role");
  const page = await open(browser, api);
  await page.goto(`/people/${who.id}`);
  await expect(page.getByText("Without one they see nothing.")).toBeVisible();
  expect((await theirs.get("/api/v1/alerts")).status()).toBe(403);
  await page.getByRole("button", { name: "Give a role…" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "For how many days" }).fill("3");
  await dialog.getByRole("textbox", { name: "Why" }).fill("helps out");
  await dialog.getByRole("button", { name: "Give it" }).click();
  const held = page.getByRole("region", { name: "Roles" }).getByRole("row", { name: /Analyst in all programs/ });
  await expect(held).toContainText("helps out");
  await expect(held).toContainText("by you");
  expect((await theirs.get("/api/v1/alerts")).status()).toBe(200);
  await held.getByRole("button", { name: /^Take/ }).click();
  await dialog.getByRole("button", { name: "Take it" }).click();
  await expect(held).toHaveCount(0);
  expect((await theirs.get("/api/v1/alerts")).status()).toBe(403);
  await page.goto(`/people/${admin.id}`);
  await expect(page.getByText("Another person gives and takes your roles.")).toBeVisible();
  await expect(page.getByRole("button", { name: "Give a role…" })).toHaveCount(0);
  await expect(page.getByRole("button", { name: "Switch off…" })).toHaveCount(0);
  await theirs.dispose();
  await page.context().close();
});

test("a reset: one asks, another confirms, the owner sees it and refuses", async ({ browser }) => {
  test.setTimeout(120_000);
  const second = await newSomeone(url, api, "Sam Second", [
    { role: "administrator", program: "*", why: "looks after accounts as well" },
  ]);
  const owner = await newSomeone(url, api, "Otto Owner");
  const asks = await open(browser, api);
  await asks.goto(`/people/${owner.who.id}`);
  await asks.getByRole("button", { name: "Ask for a reset…" }).click();
  const dialog = asks.getByRole("dialog");
  await expect(dialog.getByRole("button", { name: "Ask for it" })).toBeDisabled();
  await dialog.getByRole("textbox", { name: "Why" }).fill("Lost the phone");
  await dialog
    .getByRole("textbox", { name: "How they were called back" })
    .fill("Number on file ending in 42, today at 10:15");
  await dialog.getByRole("button", { name: "Ask for it" }).click();
  await expect(asks.getByText("You asked for it: another person confirms it.")).toBeVisible();
  await expect(asks.getByRole("button", { name: "Confirm…" })).toHaveCount(0);

  const confirms = await open(browser, second.api);
  await confirms.goto("/people");
  await expect(row(confirms, owner.who.name)).toContainText("reset under way");
  await confirms.getByRole("link", { name: owner.who.name }).last().click();
  await expect(confirms.getByText(/Number on file ending in 42/)).toBeVisible();
  await confirms.getByRole("button", { name: "Confirm…" }).click();
  const confirm = confirms.getByRole("dialog");
  await confirm.getByRole("button", { name: "Confirm it and make the code" }).click();
  await expect(confirm.getByText("This code is shown only now")).toBeVisible();
  const code = ((await confirm.locator("[data-copy^=Or]").textContent()) ?? "").trim();
  await confirm.getByRole("button", { name: "I have passed it on" }).click();
  await expect(confirms.locator("[data-reset=waits]")).toBeVisible();

  // The code is good for nothing before its time.
  const thief = await outside(url);
  expect((await thief.post("/enrol", { form: { code } })).status()).toBe(401);
  await thief.dispose();

  const page = await open(browser, owner.api);
  await page.goto("/account");
  const notice = page.getByRole("alert").filter({ hasText: "Somebody asked for a reset of how you sign in" });
  await expect(notice).toContainText("Lost the phone");
  await expect(notice).toContainText("confirmed by a second person");
  await sound(page, "the notice of a reset");
  await notice.getByRole("button", { name: "This was not me: refuse" }).click();
  await expect(notice).toHaveCount(0);
  await asks.reload();
  await expect(asks.locator("[data-reset=refused]")).toBeVisible();
  await (await signIn(url, owner.who)).dispose();
  for (const one of [asks, confirms, page]) await one.context().close();
  await owner.api.dispose();
  await second.api.dispose();
});

test("an act that needs another sign-in leads there and back", async ({ browser }) => {
  const { who, api: theirs } = await newSomeone(url, api, "Fred Fresh");
  const page = await open(browser, theirs);
  // As it is a quarter of an hour after a sign-in.
  await page.route("**/api/v1/me/recovery-codes", (route) =>
    route.fulfill({
      status: 403,
      contentType: "application/problem+json",
      body: JSON.stringify({
        type: "urn:ringfence:sign-in-again",
        title: "Sign in again for this",
        status: 403,
        detail: "open /signin?again",
      }),
    }),
  );
  await page.goto("/account");
  await page.getByRole("button", { name: "Make new ones…" }).click();
  await page.getByRole("button", { name: "Make new ones", exact: true }).click();
  const again = page.getByRole("dialog", { name: "Sign in again for this" });
  await expect(again.getByRole("button", { name: "Sign in again" })).toBeFocused();
  // Escape leaves what was asked where it was.
  await page.keyboard.press("Escape");
  await expect(again).toBeHidden();
  const asked = page.getByRole("dialog", { name: "Make new recovery codes?" });
  await expect(asked.getByText("Sign in again first: this was not done.")).toBeVisible();
  await asked.getByRole("button", { name: "Make new ones" }).click();
  await again.getByRole("button", { name: "Sign in again" }).click();
  await expect(page).toHaveURL(/\/signin\?again&next=%2Faccount%3Fdo%3Drecovery$/);
  await page.unrouteAll();
  await page.getByRole("textbox", { name: "Sign-in name" }).fill(who.login);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByRole("textbox", { name: "One-time code" }).fill(await nextCode(who));
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(/\/account\?do=recovery$/);
  await asked.getByRole("button", { name: "Make new ones" }).click();
  await expect(page.getByText("These codes are shown only now")).toBeVisible();
  await theirs.dispose();
  await page.context().close();
});

test("a page that nobody touches says that it ends, and a key keeps it", async ({ browser }) => {
  const page = await open(browser, api);
  const said: string[] = [];
  page.on("request", (request) => {
    const idle = request.headers()["x-ringfence-idle"];
    if (idle !== undefined) said.push(idle);
  });
  await page.clock.install();
  await page.goto("/design");
  await expect(heading(page, "Design")).toBeVisible();
  await page.clock.fastForward("14:10");
  const notice = page.locator("[data-idle]");
  await expect(notice.getByText(/You will be signed out in/)).toBeVisible();
  await expect(notice.getByText(/^0:[0-5]\d$/)).toBeVisible();
  await sound(page, "the notice");
  // What asks by itself is no activity.
  await page.clock.runFor(10_000);
  await expect.poll(() => said.some((secs) => Number(secs) > 800)).toBe(true);
  await expect(notice).toBeVisible();
  said.length = 0;
  await page.keyboard.press("Shift");
  await page.clock.runFor(2_000);
  await expect(notice).toBeHidden();
  await expect.poll(() => said.some((secs) => Number(secs) < 5)).toBe(true);
  await page.context().close();
});

/** Without the console's files, and without a mouse. */
async function bare(browser: Browser, javaScriptEnabled: boolean): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ storageState: NOBODY, javaScriptEnabled });
  await context.route("**/assets/**", (route) => route.abort());
  return { context, page: await context.newPage() };
}

const invited = async (name: string): Promise<{ login: string; code: string }> => {
  const login = `${name.toLowerCase().replaceAll(" ", ".")}@example.test`;
  const answer = await api.post("/api/v1/people", { data: { login, name } });
  expect(answer.ok(), await answer.text()).toBe(true);
  const { enrolment } = (await answer.json()) as { enrolment: { code: string } };
  return { login, code: enrolment.code };
};

const signedInAs = async (context: BrowserContext): Promise<string> => {
  const answer = await context.request.get("/api/v1/session");
  expect(answer.status()).toBe(200);
  return ((await answer.json()) as { name: string }).name;
};

for (const scripts of [true, false]) {
  test(`password and codes by keyboard, without the console's files${scripts ? "" : " and without scripts"}`, async ({
    browser,
  }) => {
    const name = scripts ? "Kim Keys" : "Nora Noscript";
    const { login, code } = await invited(name);
    const { context, page } = await bare(browser, scripts);
    await page.goto("/enrol");
    await tabTo(page, page.locator("#code"));
    await page.keyboard.type(code);
    await page.keyboard.press("Enter");
    await expect(heading(page, "Set up how you sign in")).toBeVisible();
    await tabTo(page, page.locator("details > summary"));
    await page.keyboard.press("Enter");
    const who: Someone = { id: "", login, name, password: newPassword(), secret: "", step: 0 };
    who.secret = (await page.locator("figcaption code").textContent()) ?? "";
    for (const [field, text] of [
      ["#password", who.password],
      ["#again", who.password],
      ["#code", await nextCode(who)],
    ] as const) {
      await tabTo(page, page.locator(field));
      await page.keyboard.type(text);
    }
    await page.keyboard.press("Enter");
    await expect(heading(page, "It is set up")).toBeVisible();
    await expect(page.locator("ol.codes li")).toHaveCount(10);
    const recovery = (await page.locator("ol.codes li").first().textContent()) ?? "";
    // The checks are a script themselves.
    if (scripts) await sound(page, "the end of an enrolment");
    expect(await signedInAs(context)).toBe(name);
    await context.clearCookies();

    for (const last of [await nextCode(who), recovery]) {
      await page.goto("/signin");
      await tabTo(page, page.locator("#login"));
      await page.keyboard.type(login);
      await tabTo(page, page.locator("#password"));
      await page.keyboard.type(who.password);
      await page.keyboard.press("Enter");
      await expect(heading(page, "One more step")).toBeVisible();
      await tabTo(page, page.locator("#code"));
      await page.keyboard.type(last);
      await page.keyboard.press("Enter");
      await page.waitForURL("**/");
      expect(await signedInAs(context)).toBe(name);
      await context.clearCookies();
    }
    await context.close();
  });
}

test("a passkey by keyboard, without the console's files", async ({ browser }) => {
  const name = "Pat Pass";
  const { code } = await invited(name);
  const { context, page } = await bare(browser, true);
  await device(page);
  await page.goto("/enrol");
  await tabTo(page, page.locator("#code"));
  await page.keyboard.type(code);
  await page.keyboard.press("Enter");
  await tabTo(page, page.getByRole("button", { name: "Make a passkey" }));
  await page.keyboard.press("Enter");
  await expect(heading(page, "It is set up")).toBeVisible();
  expect(await signedInAs(context)).toBe(name);
  await context.clearCookies();
  await page.goto("/signin");
  await tabTo(page, page.getByRole("button", { name: "Sign in with a passkey" }));
  await page.keyboard.press("Enter");
  await page.waitForURL("**/");
  expect(await signedInAs(context)).toBe(name);
  await context.close();
});
