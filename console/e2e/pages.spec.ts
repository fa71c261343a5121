/** Each page shows what it is for, in both schemes, wide and narrow, without faults that axe finds. */
import { type Page, expect, test } from "@playwright/test";
import { known } from "./accounts";
import { alerts, askOne, faultsOf, heading, sound } from "./lib";
import { mostSeen } from "./questions";

const INSIDER = /Agent .* (opened|exported)/;

/** Where a page is found may depend on what came in. */
type Where = string | ((page: Page) => Promise<string>);

const firstAlert = async (page: Page): Promise<string> => {
  const found = await alerts(page.request, "min_severity_id=4&limit=200");
  return `/alerts/${found.find((a) => INSIDER.test(a.message))?.id ?? ""}`;
};
const transferred = "SELECT call_uid FROM events WHERE activity_name = 'Transferred' ORDER BY time LIMIT 1";
const entity = (kind: string, column: string) => async (page: Page) =>
  `/entity/${kind}/${encodeURIComponent(await askOne(page, mostSeen(column)))}`;

const first = (): Promise<string> => Promise.resolve(`/people/${known("administrator").id}`);
/** A run may take longer than a sign-in is fresh. */
const orAgain = (shown: RegExp): RegExp => new RegExp(`${shown.source}|Sign in again for this`, "i");

const PAGES: [Where, RegExp, RegExp][] = [
  ["/", /^Now$/, INSIDER],
  ["/alerts", /^Alerts$/, INSIDER],
  [firstAlert, INSIDER, /First steps/],
  ["/calls", /^Calls$/, /call/i],
  [async (page) => `/calls/${await askOne(page, transferred)}`, /call/i, /Not observed/i],
  [entity("agent", "agent"), /^Agent /, /Record look-ups/],
  [entity("customer", "customer"), /^Customer /, /Record look-ups/],
  [entity("number", "caller"), /^Number /, /SIP messages/],
  [entity("address", "src_ip"), /^Address /, /Log-ins/],
  ["/entity/agent/nobody-of-this-name", /^Agent nobody/, /was never seen/],
  ["/sources", /^Sources$/, /sim-main-crm/],
  ["/sources?add=choose", /^Sources$/, /JSON lines over HTTP/],
  ["/rules", /^Rules$/, /Customer record opened without a call/],
  ["/rules?test=new", /^Try a rule$/, /Pasted/],
  ["/search?last=24h", /^Search$/, /time/i],
  ["/search?mode=sql&sql=SELECT+nothing+FROM+events", /^Search$/, /nothing/],
  ["/access", /^Access$/, /who administers access cannot hear recordings/],
  ["/access?action=alert%3Aread&program=default", /^Access$/, /may see alerts in/],
  ["/access?add=service", /^Access$/, /Make it and its token/],
  ["/people", /^People$/, /ada@example\.test/],
  ["/people?add=person", /^People$/, orAgain(/How the telephony calls them/)],
  ["/people?text=nobody-is-called-so", /^People$/, /Nobody is like that/],
  [first, /^Ada Admin$/, /Another person gives and takes your roles/],
  ["/people/nobody", /^Somebody$/, /no such thing/i],
  ["/evidence", /^Evidence$/, /The log.s key/],
  ["/evidence?kind=nothing", /^Evidence$/, /Nothing is like that/],
  ["/evidence?entry=0", /^Evidence$/, /^Checked in this browser: .* at number 0\.$/],
  ["/evidence?entry=999999999", /^Evidence$/, /no entry of the evidence log|no such/i],
  ["/account", /^My account$/, /one-time codes/i],
  ["/account?do=codes", /^My account$/, orAgain(/The code that it shows now/)],
  ["/account?do=password", /^My account$/, orAgain(/The same again/)],
  ["/account?do=recovery", /^My account$/, orAgain(/good for nothing from then on/)],
  // Who is signed in stays on the page only where it says so.
  ["/signin?again", /^Sign in$/, /Sign in with a passkey/],
  ["/enrol", /^Welcome$/, /Enrolment code/],
  ["/design", /^Design$/, /Severity/],
  ["/no-such-page", /./, /no such page|not here|nothing here/i],
];

for (const colorScheme of ["light", "dark"] as const) {
  for (const width of [1280, 390]) {
    test.describe(`${colorScheme}, ${width} px`, () => {
      test.use({ colorScheme, viewport: { width, height: 900 } });
      for (const [where, title, text] of PAGES) {
        test(`${typeof where === "string" ? where : String(title)} shows what it is for and is sound`, async ({
          page,
        }) => {
          const faults = faultsOf(page);
          await page.goto(typeof where === "string" ? where : await where(page));
          await expect(heading(page, title)).toBeVisible();
          await expect(page.getByText(text).first()).toBeVisible();
          await sound(page, String(title));
          // A question that is wrong on purpose, or about nobody, is refused by the server, which the browser notes.
          expect(faults.filter((fault) => !/status of 40[04]/.test(fault))).toEqual([]);
        });
      }
    });
  }
}

test("the strips of the last hours count what happened", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByText(/^[1-9][\d.,]*k? events$/i)).toBeVisible();
});
