import { expect, it } from "vitest";
import { bins, binsSql } from "./bins";

const T = Date.UTC(2026, 10, 22, 6);

it("asks for intervals", () => {
  expect(binsSql("time", "class_uid = 2004", T, T + 3_600_000, 900_000)).toBe(
    "SELECT date_bin(INTERVAL '900 seconds', time) AS at, count(*) AS n FROM events " +
      "WHERE time >= TIMESTAMP '2026-11-22T06:00:00.000+00:00' AND time < TIMESTAMP '2026-11-22T07:00:00.000+00:00' " +
      "AND class_uid = 2004 GROUP BY 1 ORDER BY 1",
  );
});

it("fills what was empty", () => {
  const rows = [{ at: "2026-11-22T06:15:00Z", n: 7 }];
  expect(bins(rows, T, T + 3_600_000, 900_000)).toEqual({
    at: [T, T + 900_000, T + 1_800_000, T + 2_700_000],
    counts: [0, 7, 0, 0],
  });
});
