import { expect, it } from "vitest";
import { countdown, endOf } from "./ends";

const MINUTE = 60_000;
const seat = { touched: 0, idleMs: 15 * MINUTE, endsAt: 60 * MINUTE };

it("is said a minute before, and why", () => {
  expect(endOf(seat, 14 * MINUTE - 1)).toBeUndefined();
  expect(endOf(seat, 14 * MINUTE)).toEqual({ left: MINUTE, idle: true });
  expect(endOf({ ...seat, touched: 59 * MINUTE }, 59 * MINUTE + 30_000)).toEqual({ left: 30_000, idle: false });
  expect(endOf(seat, 16 * MINUTE)?.left).toBe(-MINUTE);
  expect(endOf({ ...seat, endsAt: Infinity, touched: 20 * MINUTE }, 20 * MINUTE)).toBeUndefined();
});

it("leaves time to work in a session of a minute", () => {
  const short = { ...seat, idleMs: MINUTE };
  expect(endOf(short, 29_000)).toBeUndefined();
  expect(endOf(short, 30_000)?.left).toBe(30_000);
});

it("counts down in minutes and seconds", () => {
  expect([60_000, 59_999, 9_100, 1, 0, -5_000].map(countdown)).toEqual([
    "1:00",
    "1:00",
    "0:10",
    "0:01",
    "0:00",
    "0:00",
  ]);
});
