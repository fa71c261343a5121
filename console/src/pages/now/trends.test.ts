import { expect, it } from "vitest";
import { changes } from "./held";
import { buckets, SPAN_MS, STEP_MS } from "./trends";

it("shows an empty interval as nothing, not as a hole", () => {
  const until = 100 * STEP_MS;
  const table = { columns: [], truncated: false, rows: [{ at: until - STEP_MS, events: 7 }] };
  const series = buckets(table, "events", until);
  expect(series.at.length).toBe(SPAN_MS / STEP_MS + 1);
  expect(series.counts.at(-2)).toBe(7);
  expect(series.counts.at(-1)).toBe(0);
});

it("counts what is new, changed or gone", () => {
  const row = (id: string, updated_ms: number) => ({ id, updated_ms });
  expect(changes([row("a", 1), row("b", 1)], [row("a", 1), row("b", 2), row("c", 1)])).toBe(2);
  expect(changes([row("a", 1)], [])).toBe(1);
});
