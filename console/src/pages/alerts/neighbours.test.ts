import { expect, it } from "vitest";
import { neighboursOf, rememberList, wayBack } from "./neighbours";

it("knows what stood before and after", () => {
  expect(neighboursOf("a")).toBeUndefined();
  expect(wayBack("a")).toEqual({});
  rememberList([{ id: "a" }, { id: "b" }, { id: "c" }], { severity: "high" });
  expect(neighboursOf("b")).toEqual({ place: 2, of: 3, next: "c", previous: "a" });
  expect(neighboursOf("a")?.previous).toBeUndefined();
  expect(neighboursOf("c")?.next).toBeUndefined();
  expect(neighboursOf("x")).toBeUndefined();
  expect(wayBack("b")).toEqual({ severity: "high", at: "b" });
});
