/** Which alerts are selected, and what a bulk action is told. */
import type { Schemas } from "../../api/client";
import type { Alert } from "../../api/queries";

export type Selection =
  | { all: false; ids: ReadonlySet<string> }
  /** All that match the filter, loaded or not, up to a moment of the server's clock. */
  | { all: true; until_ms: number };

export const NOTHING: Selection = { all: false, ids: new Set() };

export const isSelected = (selection: Selection, id: string): boolean => selection.all || selection.ids.has(id);

export const isEmpty = (selection: Selection): boolean => !selection.all && selection.ids.size === 0;

/** The ids of the rows from one to the other, whichever comes first. */
export function range(rows: readonly Pick<Alert, "id">[], a: number, b: number): string[] {
  return rows.slice(Math.max(Math.min(a, b), 0), Math.max(a, b) + 1).map((row) => row.id);
}

/** These rows on or off. Taking rows out of "all" leaves the rows that can be seen. */
export function put(
  selection: Selection,
  ids: readonly string[],
  on: boolean,
  rows: readonly Pick<Alert, "id">[],
): Selection {
  if (selection.all && on) return selection;
  const next = new Set(selection.all ? rows.map((row) => row.id) : selection.ids);
  for (const id of ids) {
    if (on) next.add(id);
    else next.delete(id);
  }
  return { all: false, ids: next };
}

export const toggle = (selection: Selection, id: string, rows: readonly Pick<Alert, "id">[]): Selection =>
  put(selection, [id], !isSelected(selection, id), rows);

type Edit = Schemas["AlertEdit"];
type Filter = Schemas["AlertFilter"];

/**
 * The filter of a bulk edit: only alerts on which the edit makes a step, so that repeating it does
 * the rest; and none that began after the person looked.
 */
export function bulkFilter(filter: Filter, edit: Edit, until_ms: number): Filter | undefined {
  const statuses = filter.status ?? ["open", "acknowledged", "closed"];
  const from = { acknowledge: ["open"], close: ["open", "acknowledged"], reopen: ["acknowledged", "closed"] };
  const useful = edit.action in from ? from[edit.action as keyof typeof from] : undefined;
  // Closing closed ones again corrects their verdict.
  const correcting = edit.action === "close" && statuses.length === 1 && statuses[0] === "closed";
  const status = useful && !correcting ? statuses.filter((s) => useful.includes(s)) : statuses;
  return status.length === 0 ? undefined : { ...filter, status, to_ms: until_ms };
}

/** What the server says about one alert; it tells more than its contract. */
export interface Outcome {
  id: string;
  outcome: string;
  reason?: string;
}

export interface Summary {
  changed: string[];
  unchanged: number;
  failed: { id: string; why: string }[];
}

export function summarise(items: readonly Outcome[]): Summary {
  const summary: Summary = { changed: [], unchanged: 0, failed: [] };
  for (const { id, outcome, reason } of items) {
    if (outcome === "changed") summary.changed.push(id);
    else if (outcome === "unchanged") summary.unchanged += 1;
    else if (outcome === "not_found") summary.failed.push({ id, why: "it is not there any more" });
    else summary.failed.push({ id, why: reason ?? outcome.replaceAll("_", " ") });
  }
  return summary;
}
