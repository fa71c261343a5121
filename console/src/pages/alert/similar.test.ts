import { expect, it } from "vitest";
import type { Alert } from "../../api/queries";
import { others, tally } from "./similar";

const alert = (id: string, verdict: Alert["verdict"], last_time_ms = 0) => ({ id, verdict, last_time_ms }) as Alert;

it("counts verdicts, the commonest first", () => {
  expect(
    tally([alert("a", "benign"), alert("b", "false_positive"), alert("c", "false_positive"), alert("d", null)]),
  ).toEqual({ judged: 3, says: "2 false positive, 1 benign" });
  expect(tally([])).toEqual({ judged: 0, says: "" });
});

it("shows judged ones first and never the alert itself", () => {
  const all = [alert("me", "benign"), alert("new", null, 9), alert("old", "benign", 1), alert("older", "other", 0)];
  expect(others(all, "me", 2).map((a) => a.id)).toEqual(["old", "older"]);
});
