/** Live updates: shown as they come, and a broken connection is said and mended. */
import { type Socket, connect, createServer } from "node:net";
import { type AddressInfo } from "node:net";
import { expect, test } from "@playwright/test";
import { failedLogOn } from "./events";
import { heading } from "./lib";

/** A line to the server that can be cut and opened again, as a network is. */
async function line(target: string) {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let up = true;
  const server = createServer((near) => {
    if (!up) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
      socket.on("error", () => undefined);
    }
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    // The cookie is that of the name, on any port.
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    cut: () => {
      up = false;
      for (const socket of open) socket.destroy();
    },
    mend: () => {
      up = true;
    },
    end: () => {
      for (const socket of open) socket.destroy();
      server.close();
    },
  };
}

test("a cut connection is said, what was there stays, and it is live again when the line is", async ({
  page,
  baseURL,
}) => {
  const wire = await line(baseURL ?? "");
  await page.goto(wire.url);
  await expect(page.locator("[data-live=live]")).toBeVisible();
  const list = page.getByRole("list", { name: "Alerts, most severe first" });
  await expect(list.getByRole("listitem").first()).toBeVisible();
  wire.cut();
  await expect(page.locator("[data-live=broken]")).toBeVisible({ timeout: 30_000 });
  await expect(page.getByText(/^Not live/)).toBeVisible();
  await expect(list.getByRole("listitem").first()).toBeVisible();
  wire.mend();
  await expect(page.locator("[data-live=live]")).toBeVisible({ timeout: 45_000 });
  wire.end();
});

test("an alert shows on Now as it happens, and not under the pointer", async ({ page, request }) => {
  const token = process.env["RINGFENCE_CONSOLE_TOKEN"] ?? "";
  const guess = async (ip: string) => {
    const lines = Array.from({ length: 12 }, (_, n) => failedLogOn(`live-${ip}-${n}`, `root${n}`, ip, Date.now()));
    const data = lines.join("\n");
    const sent = await request.post("/api/v1/events", { data, headers: { Authorization: `Bearer ${token}` } });
    expect(sent.ok(), await sent.text()).toBe(true);
  };
  await page.goto("/");
  await expect(heading(page, "Now")).toBeVisible();
  await expect(page.locator("[data-live=live]")).toBeVisible();
  const waits = page.getByText(/alerts wait for a person/);
  const before = Number.parseInt((await waits.textContent()) ?? "0", 10);
  const list = page.getByRole("list", { name: "Alerts, most severe first" });
  await list.hover();
  const rows = await list.getByRole("listitem").allTextContents();
  await guess("203.0.113.120");
  await expect.poll(async () => Number.parseInt((await waits.textContent()) ?? "0", 10)).toBeGreaterThan(before);
  const sentence = (row: string) => row.split(/\d+ finding/)[0];
  expect((await list.getByRole("listitem").allTextContents()).map(sentence)).toEqual(rows.map(sentence));
});
