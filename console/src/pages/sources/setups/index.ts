/** All ways to connect a source. */
import { CLOUDS } from "./clouds";
import { PROGRAMS } from "./programs";
import type { Choice, Group, Setup } from "./setup";
import { SYSTEMS } from "./systems";

export { type Block, type Choice, type Setup, isLocal, place } from "./setup";

export const SETUPS: Setup[] = [...PROGRAMS, ...SYSTEMS, ...CLOUDS];

export const GROUPS: Group[] = ["Programs and shippers", "Telephony", "Files and syslog", "Cloud platforms"];

export const setupOf = (id: string | undefined): Setup | undefined => SETUPS.find((setup) => setup.id === id);

/** Whether its texts say where this server is: where they do not, nobody needs to be asked. */
export function asksAddress(setup: Setup): boolean {
  const at = (url: string): Choice => ({ url, name: "n", program: "p", site: "s", token: "t" });
  return (
    JSON.stringify(setup.blocks(at("https://a.example"))) !== JSON.stringify(setup.blocks(at("http://b.example:81")))
  );
}

/** What a name of a source, program or site may be: as the server takes it. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
