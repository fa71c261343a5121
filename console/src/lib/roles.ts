/** Roles of people as sentences say them. */
import type { Schemas } from "../api/client";
import { brief, label } from "./format";

export type HeldRole = Schemas["HeldRole"];
export type PersonRole = Schemas["NewRole"]["role"];

/** What a person can be given, with what it is for. */
export const FOR_PEOPLE: readonly (readonly [role: PersonRole, words: string])[] = [
  ["analyst", "searches events, tries rules, works with alerts"],
  ["supervisor", "works with alerts, sees calls, hears recordings"],
  ["quality_reviewer", "sees alerts and calls, hears recordings"],
  ["telephony_engineer", "looks after sources and connectors"],
  ["privacy_officer", "finds and erases what is kept of a person"],
  ["auditor", "sees everything, changes nothing, for a time"],
  ["administrator", "runs the product, decides who may do what"],
  ["agent", "serves customers"],
];

/** A role that is only given for a time. */
export const mustEnd = (role: PersonRole): boolean => role === "auditor";

/** `*`: `all programs`. */
export const programWords = (program: string): string => (program === "*" ? "all programs" : brief(program));

/** `Analyst in all programs`. */
export const heldWords = (held: { role: string; program: string }): string =>
  `${label(held.role)} in ${programWords(held.program)}`;

/** It lets its holder do something: it is neither over nor only in reserve. */
const isHeld = (held: HeldRole, now: number): boolean => {
  const until = held.reserve ? (held.in_force_until_ms ?? 0) : held.expires_ms;
  return until === null || until > now;
};

/** Roles that let their holder do something. */
export const heldNow = (roles: HeldRole[], now: number): HeldRole[] => roles.filter((held) => isHeld(held, now));

/** Roles that would, if their holder broke the glass. */
export const inReserve = (roles: HeldRole[], now: number): HeldRole[] =>
  roles.filter((held) => held.reserve && !isHeld(held, now));
