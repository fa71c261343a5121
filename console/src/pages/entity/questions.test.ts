import { describe, expect, it } from "vitest";
import { ALERT_KINDS, KINDS, allSql, factsSql, isKind, namesSql, relatedKinds, relatedSql, whereOf } from "./questions";

const EVIL = "x' OR 1=1 --";

describe("questions", () => {
  it("quote what anyone may have written", () => {
    for (const kind of KINDS) {
      for (const sql of [
        factsSql(kind, EVIL),
        namesSql(kind, EVIL) ?? "",
        allSql(kind, EVIL, {}),
        ...relatedKinds(kind).map((other) => relatedSql(kind, EVIL, other, { from: 0, to: 1 })),
      ]) {
        expect(sql.replaceAll("'x'' OR 1=1 --'", "")).not.toContain("OR 1=1");
      }
    }
  });

  it("look for an address on both sides", () => {
    expect(whereOf("address", "10.0.0.1")).toBe("(src_ip = '10.0.0.1' OR dst_ip = '10.0.0.1') AND class_uid <> 0");
    expect(whereOf("number", "+1")).toBe("caller = '+1' AND class_uid <> 0");
  });

  it("keep to the range", () => {
    const sql = relatedSql("agent", "A1", "customer", { from: 0, to: 1_000 });
    expect(sql).toContain("time >= TIMESTAMP '1970-01-01T00:00:00.000+00:00'");
    expect(sql).toContain("time <= TIMESTAMP '1970-01-01T00:00:01.000+00:00'");
    expect(relatedSql("agent", "A1", "customer", {})).not.toContain("time >=");
  });

  it("know their kinds", () => {
    expect(isKind("agent") && !isKind("call") && !isKind("toString")).toBe(true);
    expect(Object.keys(ALERT_KINDS).sort()).toEqual([...KINDS].sort());
  });
});
