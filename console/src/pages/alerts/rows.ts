/**
 * The rows of the list as changes come in. The server sorts by what hardly changes (severity, id),
 * so a changed alert's place is known here too, and nothing has to be asked again.
 */
import type { Schemas } from "../../api/client";
import type { Alert } from "../../api/queries";
import type { Change } from "../../app/live";
import type { Order } from "./filter";

export type AlertPage = Schemas["AlertPage"];

type Key = Pick<Alert, "id" | "severity_id">;

/** Below zero when `a` stands above `b`. Ids grow with the time of opening. */
export function compare(a: Key, b: Key, order: Order): number {
  if (order === "most_severe" && a.severity_id !== b.severity_id) return b.severity_id - a.severity_id;
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1;
}

/** Where `key` stands, or would stand as a negative number less one. */
function seek(rows: readonly Alert[], key: Key, order: Order): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    const side = row ? compare(row, key, order) : 1;
    if (side === 0) return middle;
    if (side < 0) low = middle + 1;
    else high = middle;
  }
  return -low - 1;
}

/** The row of an alert, or -1. Its severity may have been another when it was listed. */
export function locate(rows: readonly Alert[], id: string, order: Order): number {
  for (let severity_id = 6; severity_id >= 0; severity_id--) {
    const at = seek(rows, { id, severity_id }, order);
    if (at >= 0) return at;
    if (order === "newest") return -1;
  }
  return -1;
}

/** Each changed alert as it is now. */
export function latest(changes: readonly Change[]): Map<string, Alert> {
  const found = new Map<string, Alert>();
  for (const { alert } of changes) found.set(alert.id, alert);
  return found;
}

export interface Belongs {
  order: Order;
  /** Whether it is in the view; `maybe` where only the server knows. */
  matches: (alert: Alert) => boolean | "maybe";
  /** All pages are here: what sorts behind the last row belongs there. */
  complete: boolean;
}

/** What showing the changes would move: rows that come, go or change their place. */
export function moves(
  rows: readonly Alert[],
  changed: ReadonlyMap<string, Alert>,
  { order, matches, complete }: Belongs,
): { count: number; maybe: boolean } {
  let count = 0;
  let maybe = false;
  const last = rows.at(-1);
  for (const [id, alert] of changed) {
    const at = locate(rows, id, order);
    const fits = matches(alert);
    const row = rows[at];
    if (row) {
      if (row.updated_ms > alert.updated_ms) continue;
      if (fits === false || (order === "most_severe" && row.severity_id !== alert.severity_id)) count += 1;
    } else if (complete || (last && compare(alert, last, order) < 0)) {
      if (fits === true) count += 1;
      else if (fits === "maybe") maybe = true;
    }
  }
  return { count, maybe };
}

/** The pages with the changes in them, and which alerts are new there or stand elsewhere now. */
export function applied(
  pages: readonly AlertPage[],
  changed: ReadonlyMap<string, Alert>,
  { order, matches, complete }: Belongs,
): { pages: AlertPage[]; fresh: string[] } {
  const fresh: string[] = [];
  const before = new Map<string, Alert>();
  const next = pages.map((page) => {
    if (!page.items.some((row) => changed.has(row.id))) return page;
    const items = page.items.filter((row) => {
      if (!changed.has(row.id)) return true;
      before.set(row.id, row);
      return false;
    });
    return { ...page, items };
  });
  for (const [id, heard] of changed) {
    const was = before.get(id);
    // The answer of the server may be younger than the change.
    const alert = was && was.updated_ms > heard.updated_ms ? was : heard;
    const fits = matches(alert);
    if (fits === false || (fits === "maybe" && !was)) continue;
    const at = pageFor(next, alert, order, complete);
    const page = next[at];
    if (!page) continue;
    const place = seek(page.items, alert, order);
    next[at] = { ...page, items: page.items.toSpliced(place < 0 ? -place - 1 : place, 0, alert) };
    if (!was || (order === "most_severe" && was.severity_id !== alert.severity_id)) fresh.push(id);
  }
  return { pages: next, fresh };
}

function pageFor(pages: readonly AlertPage[], alert: Alert, order: Order, complete: boolean): number {
  let lastFilled = -1;
  for (const [i, page] of pages.entries()) {
    const last = page.items.at(-1);
    if (!last) continue;
    if (compare(alert, last, order) < 0) return i;
    lastFilled = i;
  }
  // Behind all that is loaded: a page that is still to come will have it.
  return complete ? Math.max(lastFilled, 0) : -1;
}

/** What an edit makes of an alert, before the server says so. */
export function edited(alert: Alert, edit: Schemas["AlertEdit"], now: number): Alert {
  // Whatever the clock here says, the server's word on it is younger.
  const updated_ms = alert.updated_ms + 1;
  switch (edit.action) {
    case "acknowledge":
      return alert.status === "open" ? { ...alert, status: "acknowledged", updated_ms } : alert;
    case "assign":
      return { ...alert, assignee: edit.assignee ?? null, updated_ms };
    case "close":
      return {
        ...alert,
        status: "closed",
        verdict: edit.verdict,
        verdict_reason: edit.reason,
        closed_ms: alert.closed_ms ?? now,
        updated_ms,
      };
    case "reopen":
      return { ...alert, status: "open", verdict: null, verdict_reason: null, closed_ms: null, updated_ms };
    case "note":
      return alert;
  }
}
