/** A moment: relative, with the exact time on hover and for programs. */
import { useSyncExternalStore } from "react";
import { clockTime, exact, relative, stamp } from "../lib/time";

/** One clock for the page: everything on it grows older together. */
const ticks = new EventTarget();
let now = Date.now();
setInterval(() => {
  now = Date.now();
  ticks.dispatchEvent(new Event("tick"));
}, 10_000);

const subscribe = (told: () => void) => {
  ticks.addEventListener("tick", told);
  return () => ticks.removeEventListener("tick", told);
};

/** The time, to some seconds. */
export const useNow = (): number => useSyncExternalStore(subscribe, () => now);

export function When({ ms, as = "relative" }: { ms: number; as?: "relative" | "clock" | "stamp" }) {
  const at = useNow();
  return (
    <time dateTime={new Date(ms).toISOString()} title={exact(ms)} className="rf-when" style={{ whiteSpace: "nowrap" }}>
      {as === "clock"
        ? clockTime(ms)
        : as === "stamp"
          ? stamp(ms)
          : relative(ms, Math.max(at, Math.min(ms, at + 10_000)))}
    </time>
  );
}
