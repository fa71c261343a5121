/** What a table says about people, and which of them it shows. */
import type { Schemas } from "../../api/client";
import { heldWords } from "../../lib/roles";

export type Account = Schemas["Account"];
export type Reset = Schemas["Reset"];

/** Where an account stands. */
export type State = "active" | "invited" | "waiting" | "locked" | "off" | "removed";

export const STATES: readonly (readonly [state: State, word: string])[] = [
  ["active", "active"],
  ["invited", "invited"],
  ["waiting", "invitation over"],
  ["locked", "locked"],
  ["off", "switched off"],
  ["removed", "taken out"],
];

export function stateOf(account: Account, now: number): State {
  if (account.removed_ms !== null) return "removed";
  if (account.disabled_ms !== null) return "off";
  if (account.enrolled_ms === null)
    return account.invited_until_ms !== null && account.invited_until_ms > now ? "invited" : "waiting";
  return account.locked_until_ms !== null && account.locked_until_ms > now ? "locked" : "active";
}

/** How somebody signs in, in words. */
export function ways(account: Account): string[] {
  if (account.enrolled_ms === null) return [account.directory_ms === null ? "not yet" : "identity provider"];
  const all = [];
  if (account.passkeys > 0) all.push(account.passkeys === 1 ? "passkey" : `${account.passkeys} passkeys`);
  if (account.password_ms !== null && account.one_time_codes > 0) all.push("password + codes");
  return all.length === 0 ? ["no way"] : all;
}

/** Those whom a text and a state name; the text is looked for in what the table shows of them. */
export function matching(people: Account[], text: string, state: string | undefined, now: number): Account[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return people.filter((account) => {
    if (state !== undefined && stateOf(account, now) !== state) return false;
    const said = [account.name, account.login, account.agent ?? "", ...account.roles.map(heldWords)];
    const all = said.join("\n").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

/** In the order in which they are looked for: by name, those who are switched off last. */
export const sorted = (people: Account[]): Account[] =>
  [...people].sort(
    (a, b) => Number(a.disabled_ms !== null) - Number(b.disabled_ms !== null) || a.name.localeCompare(b.name),
  );

/** `12 people, 2 invited`. */
export function summary(people: Account[], now: number): string {
  const count = (state: State) => people.filter((account) => stateOf(account, now) === state).length;
  const parts = [people.length === 1 ? "1 person" : `${people.length} people`];
  for (const [state, word] of STATES) if (state !== "active" && count(state) > 0) parts.push(`${count(state)} ${word}`);
  return parts.join(", ");
}

export const isOpen = (reset: Reset): boolean => reset.ended_ms === null;

/** Where a reset stands. */
export type Stage = "asked" | "waits" | "good" | "done" | "refused";

export function stageOf(reset: Reset, now: number): Stage {
  if (reset.ended_ms !== null) return reset.outcome === "done" ? "done" : "refused";
  if (reset.not_before_ms === null) return "asked";
  return reset.not_before_ms > now ? "waits" : "good";
}

/** Why somebody cannot confirm a reset; nothing when they can. */
export function notForThem(reset: Reset, me: string): string | undefined {
  if (reset.asked_by === me) return "You asked for it: another person confirms it.";
  if (reset.person_id === me) return "It is about your own sign-in: another person confirms it.";
  return undefined;
}
