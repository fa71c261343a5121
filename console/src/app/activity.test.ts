import { expect, it } from "vitest";
import { Activity } from "./activity";

it("says how long ago somebody touched anything, in whole seconds", () => {
  const activity = new Activity(1_000_000);
  expect(activity.tell(1_000_000)).toBe(0);
  expect(activity.tell(1_001_999)).toBe(1);
  activity.touch(1_060_000);
  expect(activity.tell(1_060_400)).toBe(0);
  // A clock that is set back makes no time of the future.
  expect(activity.tell(900_000)).toBe(0);
});

it("has the server told of touches twice a minute at most, and at once after a pause", () => {
  const activity = new Activity(0);
  activity.tell(1);
  expect(activity.touch(10_000)).toBe(20_001);
  expect(activity.untold).toBe(true);
  expect(activity.touch(20_000)).toBe(10_001);
  activity.tell(30_001);
  expect(activity.untold).toBe(false);
  // A page that asks by itself tells of no touch.
  activity.tell(70_000);
  expect(activity.touch(800_000)).toBe(0);
  expect(activity.untold).toBe(true);
});

it("knows what other pages say of the past, and takes nothing back", () => {
  const activity = new Activity(100_000);
  activity.touch(90_000);
  expect(activity.touched).toBe(100_000);
});
