import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
  // The server replaces this by a nonce of its own in every answer.
  html: { cspNonce: "RINGFENCE_NONCE" },
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      // The server makes the pages for sign-in itself.
      ["/api", "/signin", "/enrol"].map((path) => [path, process.env.RINGFENCE_SERVER ?? "http://127.0.0.1:8443"]),
    ),
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
