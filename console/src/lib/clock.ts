/** A clock that ticks each second, for what grows before one's eyes. */
import { useSyncExternalStore } from "react";

const told = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(tell: () => void): () => void {
  told.add(tell);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of told) each();
  }, 1_000);
  return () => {
    told.delete(tell);
    if (told.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The time, to the second. */
export const useSecond = (): number => useSyncExternalStore(subscribe, () => now);
