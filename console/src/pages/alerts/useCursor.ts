/** The row that the keys are about. It stays on its alert while rows come and go. */
import { useMemo } from "react";
import type { Alert } from "../../api/queries";
import type { Order } from "./filter";
import { locate } from "./rows";

export interface Cursor {
  id: string;
  /** Where it was put; -1 for one that is only named in the address. */
  index: number;
}

/** The row of the cursor now, or -1. */
export function useCursorRow(rows: readonly Alert[], order: Order, cursor: Cursor | undefined): number {
  return useMemo(() => {
    if (!cursor) return -1;
    const found = locate(rows, cursor.id, order);
    // Its alert left the list: the cursor stays in its place, where the next one moved up.
    return found >= 0 ? found : Math.min(cursor.index, rows.length - 1);
  }, [rows, order, cursor]);
}
