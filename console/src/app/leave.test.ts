import { expect, it } from "vitest";
import { signInAt } from "./leave";

it("comes back to the page as it was", () => {
  const at = { pathname: "/alerts", search: "?text=a%26b&at=1", hash: "#x" };
  expect(signInAt(at)).toBe("/signin?next=%2Falerts%3Ftext%3Da%2526b%26at%3D1%23x");
  const again = new URL(signInAt(at, true), "http://localhost");
  expect(again.searchParams.has("again")).toBe(true);
  expect(again.searchParams.get("next")).toBe("/alerts?text=a%26b&at=1#x");
});
