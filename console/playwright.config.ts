import { defineConfig } from "@playwright/test";

/** What is done: tests, or with `RINGFENCE_E2E` measurements of speed, or pictures of every page. */
const WHAT = process.env["RINGFENCE_E2E"] ?? "spec";

/** The console in a real browser before a real server (`e2e/server.ts` starts and feeds it). */
export default defineConfig({
  testDir: "e2e",
  testMatch: `*.${WHAT}.ts`,
  outputDir: "test-results",
  globalSetup: "./e2e/server.ts",
  // Two cores, one server: more workers would only wait for each other, and measurements for the rest.
  workers: WHAT === "spec" ? 2 : 1,
  fullyParallel: WHAT === "spec",
  timeout: WHAT === "spec" ? 60_000 : 600_000,
  expect: { timeout: 15_000 },
  reporter: [["line"]],
  use: {
    ...(process.env["RINGFENCE_CONSOLE_URL"] ? { baseURL: process.env["RINGFENCE_CONSOLE_URL"] } : {}),
    storageState: "test-results/session.json",
    locale: "en-GB",
    timezoneId: "UTC",
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      // As root, and in containers, Chromium has no sandbox of its own.
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    },
  },
});
