import { expect, it } from "vitest";
import { wrongWith } from "./password";

it("says what is missing of a new password", () => {
  expect(wrongWith("short1")).toMatch(/12/);
  expect(wrongWith("123456789012")).toMatch(/letter/);
  expect(wrongWith("abcdefghijkl")).toMatch(/digit/);
  expect(wrongWith("örtlich ist 4")).toBeUndefined();
  expect(wrongWith(`a1${"x".repeat(255)}`)).toMatch(/256/);
});
