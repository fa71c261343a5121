/** The list that somebody came from, so that an alert's page can go on to the next one. */
import type { Alert } from "../../api/queries";
import type { AlertSearch } from "./filter";

let from: { rows: readonly Pick<Alert, "id">[]; search: AlertSearch } | undefined;

export function rememberList(rows: readonly Pick<Alert, "id">[], search: AlertSearch): void {
  from = { rows, search };
}

export interface Neighbours {
  /** Counted from 1. */
  place: number;
  of: number;
  next: string | undefined;
  previous: string | undefined;
}

/** Where an alert stood in that list; nothing when it was not in it. */
export function neighboursOf(id: string): Neighbours | undefined {
  const at = from?.rows.findIndex((row) => row.id === id) ?? -1;
  if (!from || at < 0) return undefined;
  return { place: at + 1, of: from.rows.length, next: from.rows[at + 1]?.id, previous: from.rows[at - 1]?.id };
}

/** The filters of that list, with the cursor on this alert. */
export const wayBack = (id: string): AlertSearch => (from ? { ...from.search, at: id } : {});
