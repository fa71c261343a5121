/** Numbers as people read them. */
import { visible } from "./visible";

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });

/** `12,345`. */
export const count = (n: number): string => whole.format(n);

/** `12.3K`, where room is scarce. */
export const compact = (n: number): string => short.format(n);

/** `3 alerts`, `1 alert`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** `12.4 MiB`. */
export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let at = 0;
  let left = n;
  while (left >= 1024 && at < units.length - 1) {
    left /= 1024;
    at += 1;
  }
  return `${at === 0 || left >= 100 ? Math.round(left) : left.toFixed(1)} ${units[at] ?? ""}`;
}

/** `call_uid` as a label: `Call uid`. */
export const label = (name: string): string => {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
};

/**
 * A text from outside within a sentence of ours: on one line, not longer than `most`, and without
 * power over the direction of the words around it. What cannot be seen is written out.
 */
export function brief(text: string, most = 40): string {
  const line = visible(text.replace(/\s+/g, " ").trim());
  const letters = Array.from(line);
  const short = letters.length > most ? `${letters.slice(0, most - 1).join("")}…` : line;
  // Isolated where it may run from right to left; elsewhere it stays as one would copy it.
  return /^[\u0020-\u02af…⟨⟩]*$/.test(short) ? short : `\u2068${short}\u2069`;
}
