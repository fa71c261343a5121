/** Tables as files. */

/** What a spreadsheet takes for the beginning of a formula, the full-width forms included. */
const FORMULA = "=+\\-@|%\uFF1D\uFF0B\uFF0D\uFF20";
const AT_START = new RegExp(`^[\\s\\p{Cc}\\p{Cf}]*[${FORMULA}]|^[\\t\\r\\n]`, "u");
/** A sign before plain digits is a number, such as a caller's: it can do nothing. */
const SIGNED = /^[+-]\d+(\.\d+)?$/;
/**
 * A spreadsheet whose language separates by semicolons or tabs reads the quotes otherwise, and so
 * begins a cell behind each of these, in the middle of ours.
 */
const INSIDE = new RegExp(`([;\\t\\r\\n][\\s"'\\p{Cf}]*)(?=[${FORMULA}])`, "gu");

/**
 * A cell of CSV (RFC 4180). A spreadsheet takes a text that begins like a formula for one, and may
 * run it: an apostrophe before it keeps it a text (OWASP, CSV injection). Numbers stay.
 */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return String(value);
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (SIGNED.test(text)) return text;
  const inside = text.replace(INSIDE, "$1'");
  const safe = AT_START.test(inside) ? `'${inside}` : inside;
  return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export function csv(columns: string[], rows: Record<string, unknown>[]): string {
  const line = (cells: string[]) => cells.join(",");
  return [line(columns.map(cell)), ...rows.map((row) => line(columns.map((c) => cell(row[c]))))].join("\r\n") + "\r\n";
}

/** Hands a file to the browser. */
export function download(name: string, type: string, what: string | Blob): void {
  const url = URL.createObjectURL(new Blob([what], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
