/** What a reviewer looks for among the roles of a review. */
import type { Schemas } from "../../api/client";
import { heldWords } from "../../lib/roles";

export type Item = Schemas["ReviewItem"];

/** Ways to look at a review, with the word for it. */
export const SHOWS = [
  ["all", "All"],
  ["undecided", "Not decided"],
  ["dormant", "Not here for 90 days"],
  ["unused", "Nothing of it used"],
] as const;

export type Show = (typeof SHOWS)[number][0];

export const showOf = (text: string | undefined): Show => SHOWS.find(([show]) => show === text)?.[0] ?? "all";

/** Nothing that only this role gives was used, as far as is known. */
export const isUnused = ({ rights }: Item): boolean =>
  rights !== null && (rights.superfluous || (rights.used.length === 0 && rights.unused.length > 0));

const fits: Record<Show, (item: Item) => boolean> = {
  all: () => true,
  undecided: (item) => item.decision === null,
  dormant: (item) => item.dormant,
  unused: isUnused,
};

/** The items that a filter and a text leave. */
export function matching(items: Item[], show: Show, text: string): Item[] {
  const wanted = text.trim().toLowerCase();
  const says = (item: Item) => `${item.name} ${heldWords(item)} ${item.why}`.toLowerCase();
  return items.filter((item) => fits[show](item) && says(item).includes(wanted));
}

/** It can be decided by somebody: it is not theirs, and not settled. What one confirmed another may take. */
export const mayConfirm = (item: Item, me: string): boolean => item.principal_id !== me && item.decision === null;
export const mayTake = (item: Item, me: string): boolean =>
  item.principal_id !== me && (item.decision === null || item.decision === "confirmed");

/** What became of an item, in words. */
export const BECAME: Record<NonNullable<Item["decision"]>, string> = {
  confirmed: "confirmed",
  taken: "taken away",
  gone: "gone before anybody decided",
  changed: "given anew meanwhile",
  revoked: "not confirmed in time: taken away",
  kept: "not confirmed in time: kept, the last administrator",
};
