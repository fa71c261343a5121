/** Times: relative for reading, exact on demand, in the reader's zone. */

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const whole = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hour12: false,
});
const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const day = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hour12: false,
});

/** To the millisecond with the zone's name, as a person would quote it. */
export function exact(ms: number): string {
  return `${whole.format(ms)} ${zone}`;
}

/** `14:03:22`. */
export const clockTime = (ms: number): string => clock.format(ms);

/** `Nov 22, 14:03`. */
export const dayTime = (ms: number): string => day.format(ms);

const date = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });

/** `Nov 22 14:03:22.123`: tells events of one second apart. */
export function stamp(ms: number): string {
  const millis = String(((Math.floor(ms) % 1000) + 1000) % 1000).padStart(3, "0");
  return `${date.format(ms)} ${clock.format(ms)}.${millis}`;
}

/** How long ago or in how long, in the largest unit that fits: `3 min ago`. */
export function relative(ms: number, now: number): string {
  const seconds = Math.round((now - ms) / 1000);
  const ago = (n: number, unit: string) => (seconds >= 0 ? `${n} ${unit} ago` : `in ${n} ${unit}`);
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  if (size < 60) return ago(size, "s");
  if (size < 3_600) return ago(Math.floor(size / 60), "min");
  if (size < 86_400) return ago(Math.floor(size / 3_600), "h");
  if (size < 86_400 * 60) return ago(Math.floor(size / 86_400), size < 172_800 ? "day" : "days");
  return dayTime(ms);
}

/** A length of time: `1 h 04 min`, `2 min 05 s`, `0.4 s`. */
export function lasting(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
  return `${Math.floor(s / 3_600)} h ${String(Math.floor((s % 3_600) / 60)).padStart(2, "0")} min`;
}

const dated = new Intl.DateTimeFormat(undefined, { weekday: "short", year: "numeric", month: "short", day: "numeric" });

/** `Sat, Nov 22, 2025`. */
export const fullDay = (ms: number): string => dated.format(ms);
