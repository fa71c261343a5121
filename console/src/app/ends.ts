/** When a session ends, and whether that is to be said. */

const WARN_MS = 60_000;

export interface End {
  /** ms until then. */
  left: number;
  /** Because nobody does anything; else because it lasts no longer. */
  idle: boolean;
}

/** The end of a session, when it is near; `touched` and `endsAt` are by the clock of `now`. */
export function endOf(
  { touched, idleMs, endsAt }: { touched: number; idleMs: number; endsAt: number },
  now: number,
): End | undefined {
  const idleAt = touched + idleMs;
  const left = Math.min(idleAt, endsAt) - now;
  // Of a very short session half is for working.
  return left > Math.min(WARN_MS, idleMs / 2) ? undefined : { left, idle: idleAt <= endsAt };
}

/** `0:59`. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
