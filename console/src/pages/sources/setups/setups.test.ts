import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type Choice, GROUPS, asksAddress, NAME, SETUPS, isLocal, place, setupOf } from ".";
import { sourceToml, toml } from "./setup";

const docs = (name: string): string => readFileSync(new URL(`../../../../../docs/${name}`, import.meta.url), "utf8");

const choice = (more: Partial<Choice> = {}): Choice => ({
  url: "https://ringfence.example:8443",
  name: "logs",
  program: "acme",
  site: "berlin",
  token: "TOKEN",
  ...more,
});

const text = (id: string, at: number, more: Partial<Choice> = {}): string =>
  setupOf(id)?.blocks(choice(more))[at]?.text ?? "";

describe("the texts are those of the documentation", () => {
  it.each(["rsyslog", "syslog-ng", "beats", "fluent-bit", "vector", "logstash", "otlp"])("%s", (id) => {
    expect(docs("shippers.md")).toContain(text(id, 0));
  });

  it("JSON lines over HTTP", () => {
    const [, ...command] = text("curl", 0).split("\n");
    // Indented there, as part of a list.
    expect(docs("intake.md").replaceAll("\n   ", "\n")).toContain(command.join("\n"));
  });

  it("Splunk's collector", () => {
    const api = docs("api.md").replaceAll("$API", "https://ringfence.example:8443");
    expect(api).toContain(text("hec", 1).split("\n").slice(1).join("\n"));
  });

  it("Asterisk and FreeSWITCH", () => {
    const intake = docs("intake.md");
    expect(intake).toContain(text("asterisk", 0, { name: "pbx" }));
    expect(intake).toContain(text("asterisk", 1));
    expect(intake).toContain(text("freeswitch", 1));
  });

  it("a folder", () => {
    expect(docs("intake.md")).toContain(text("folder", 0, { name: "pbx-cdr" }));
  });

  it("Kamailio", () => {
    const lines = text("kamailio", 1, { url: "https://127.0.0.1:8443" }).trim();
    expect(docs("examples/kamailio.cfg")).toContain(lines);
  });

  it("rsyslog's queue", () => {
    const example = docs("examples/rsyslog.conf");
    for (const part of [
      'TCP_Framing="octet-counted" Template="RSYSLOG_SyslogProtocol23Format"',
      'queue.type="LinkedList"',
    ])
      expect([example.includes(part), text("syslog", 1).includes(part)]).toEqual([true, true]);
  });

  it.each([
    ["genesys", "berlin"],
    ["connect", "dublin"],
    ["twilio", "cloud"],
    ["five9", "cloud"],
  ])("%s", (id, site) => {
    expect(docs("connectors.md")).toContain(text(id, 0, { name: id, site, url: "https://ringfence.example" }));
  });

  it.each(["okta", "entra", "salesforce", "cloudtrail"])("%s", (id) => {
    // The documentation leaves the site at its default.
    expect(docs("connectors.md")).toContain(text(id, 0, { name: id }).replace('site = "berlin"\n', ""));
  });
});

describe("what a person chose", () => {
  it.each(SETUPS.map((s) => [s.id, s] as const))("%s is filled in", (_, setup) => {
    const all = setup
      .blocks(choice({ url: "https://10.9.8.7:9443", name: "my-src", program: "bank", site: "rome", token: "rfs_x" }))
      .map((b) => b.text)
      .join("\n");
    if (setup.token) {
      expect(all).toContain("rfs_x");
      expect(all).toContain("10.9.8.7");
    } else {
      expect(all).toContain('name = "my-src"\nprogram = "bank"\nsite = "rome"');
      expect(all).not.toContain("rfs_x");
    }
    expect(all).not.toMatch(/undefined|TOKEN'?"?$/m);
    expect(NAME.test(setup.name)).toBe(true);
    expect(GROUPS).toContain(setup.group);
  });

  it("speaks plain HTTP where the address does", () => {
    const plain = choice({ url: "http://127.0.0.1:9760" });
    expect(text("fluent-bit", 0, plain)).toMatch(/Port +9760\n +tls +Off/);
    expect(text("rsyslog", 0, plain)).toContain('server="127.0.0.1" serverport="9760" usehttps="off"');
    expect(text("vector", 0, plain)).toContain('endpoints = ["http://127.0.0.1:9760"]');
  });

  it("is asked for the address only where it matters", () => {
    expect(SETUPS.filter((setup) => !asksAddress(setup)).map((setup) => setup.id)).toEqual([
      ...["asterisk", "freeswitch", "folder", "genesys", "five9", "okta", "entra", "salesforce", "cloudtrail"],
    ]);
  });

  it("takes addresses apart", () => {
    expect(place("ringfence.example")).toEqual({
      host: "ringfence.example",
      port: "443",
      tls: true,
      origin: "https://ringfence.example",
    });
    expect(place("https://[2001:db8::1]:8443/x").host).toBe("[2001:db8::1]");
    expect(place("::::").origin).toBe("https://ringfence.example:8443");
    expect(["http://localhost:1", "127.0.0.1", "https://[::1]:8", "https://10.0.0.1"].map(isLocal)).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it("cannot break out of its quotes", () => {
    expect(toml('a"\n[x]')).toBe('"a\\"\\n[x]"');
    expect(sourceToml(choice({ name: 'a"b' }))).toContain('name = "a\\"b"');
  });

  it("has one way of each name", () => {
    expect(new Set(SETUPS.map((s) => s.id)).size).toBe(SETUPS.length);
    expect(setupOf("nothing")).toBeUndefined();
  });
});
