/** What a way to connect a source is made of. */

/** What a person chose, and what only the server knows. */
export interface Choice {
  /** Where senders reach this server, such as `https://ringfence.example:8443`. */
  url: string;
  name: string;
  program: string;
  site: string;
  /** The credential of a source that has one, or a word in its place. */
  token: string;
}

/** A text to copy. */
export interface Block {
  /** Where it belongs. */
  title: string;
  text: string;
  /** What to know about it. */
  note?: string;
}

export type Group = "Programs and shippers" | "Telephony" | "Files and syslog" | "Cloud platforms";

export interface Setup {
  /** As the address of the page names it. */
  id: string;
  label: string;
  hint: string;
  group: Group;
  /** A source with a token is made here; one without stands in the configuration of the server. */
  token: boolean;
  /** Name that the source gets unless somebody writes another. */
  name: string;
  /** OCSF classes that it needs; all where absent. */
  classes?: number[];
  /** Whether its word on calls is worth a decision. */
  calls?: boolean;
  blocks: (choice: Choice) => Block[];
  /** What to do when the texts are in place. */
  then: string;
}

export interface Place {
  host: string;
  port: string;
  tls: boolean;
  origin: string;
}

/** The parts of an address; `https` and its port where nothing is said. */
export function place(url: string): Place {
  const whole = /^https?:\/\//i.test(url) ? url : `https://${url}`;
  try {
    const { hostname, port, protocol, host } = new URL(whole);
    const tls = protocol === "https:";
    return { host: hostname, port: port || (tls ? "443" : "80"), tls, origin: `${protocol}//${host}` };
  } catch {
    return { host: "ringfence.example", port: "8443", tls: true, origin: "https://ringfence.example:8443" };
  }
}

/** Whether the address leads to the machine that asks, and to no other. */
export const isLocal = (url: string): boolean => /^(localhost|127\.|\[::1\])/.test(place(url).host);

/** A text of TOML: what a person typed is quoted, whatever it holds. */
export const toml = (text: string): string => JSON.stringify(text);

export const CONFIG = "/etc/ringfence/ringfence.toml";

/** The `[[source]]` that a listener or feed speaks for. */
export function sourceToml({ name, program, site }: Choice, calls = false): string {
  return [
    "[[source]]",
    `name = ${toml(name)}`,
    `program = ${toml(program)}`,
    `site = ${toml(site)}`,
    ...(calls ? ['grants = ["call-state"]'] : []),
    "",
  ].join("\n");
}

export const RESTART = `Write both sides, then restart Ringfence: systemctl restart ringfence. It names every mistake in ${CONFIG} with its line.`;
