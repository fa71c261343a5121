/** Pieces of SQL from values that anyone may have written. */

/** A text as a literal. The engine knows no escapes but the doubled quote. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A moment as a literal of the column `time`. */
export const moment = (ms: number): string => `TIMESTAMP '${new Date(ms).toISOString().replace("Z", "")}+00:00'`;

/** A cell of an answer as a moment (ms); null where it is none. */
export function timeOf(cell: unknown): number | null {
  const ms = typeof cell === "string" ? Date.parse(cell) : NaN;
  return Number.isFinite(ms) ? ms : null;
}

/** A cell as a number; 0 where it is none. */
export const numberOf = (cell: unknown): number => (typeof cell === "number" && Number.isFinite(cell) ? cell : 0);

/** A cell as a text; empty where it is none. */
export const textOf = (cell: unknown): string => (typeof cell === "string" ? cell : "");

/** A cell that is a list of texts, such as `array_agg` gives. */
export const textsOf = (cell: unknown): string[] =>
  Array.isArray(cell) ? cell.filter((t): t is string => typeof t === "string" && t !== "") : [];
