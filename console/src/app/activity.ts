/**
 * When somebody last touched anything here. The server ends a session in which nobody does: requests
 * say how long ago it was, for a page that asks by itself is nobody.
 */

/** The server hears of a touch within this time, also where no page asks anything. */
const TELL_MS = 30_000;
/** The other pages of this session hear of touches at most so often. */
const SHARE_MS = 2_000;

export class Activity {
  #touched: number;
  #told = 0;
  constructor(now: number) {
    this.#touched = now;
  }

  /** It was touched, here or on another page: how many ms from now the server is to know, at the latest. */
  touch(now: number): number {
    const pause = now - this.#touched;
    this.#touched = Math.max(this.#touched, now);
    // After a pause the session may be near its end.
    return pause >= TELL_MS ? 0 : Math.max(0, this.#told + TELL_MS - now);
  }

  /** The whole seconds since then, for a request that leaves now. */
  tell(now: number): number {
    this.#told = now;
    return Math.max(0, Math.floor((now - this.#touched) / 1_000));
  }

  /** Whether the server has not heard of the last touch. */
  get untold(): boolean {
    return this.#touched > this.#told;
  }

  /** When it was touched last. */
  get touched(): number {
    return this.#touched;
  }
}

/** That of this page; opening it was a touch. */
export const activity = new Activity(Date.now());

const TOUCHES = ["pointerdown", "keydown", "wheel", "touchstart"] as const;

/** Where a touch is none: what says that the session ends soon must not vanish under the pointer. */
export const NO_TOUCH = "data-no-touch";

/** Watches the page for touches; `tell` sends a request. Gives the way to stop. */
export function watch(tell: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let shared = 0;
  const others = new BroadcastChannel("ringfence-activity");
  const touched = () => {
    const now = Date.now();
    const wait = activity.touch(now);
    if (now - shared >= SHARE_MS) {
      shared = now;
      others.postMessage(now);
    }
    if (timer !== undefined && wait > 0) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = undefined;
      if (activity.untold) tell();
    }, wait);
  };
  const here = (event: Event) => {
    const inert = event.target instanceof Element && event.target.closest(`[${NO_TOUCH}]`) !== null;
    if (event.isTrusted && !inert) touched();
  };
  const seen = () => {
    if (document.visibilityState === "visible") touched();
  };
  // That page tells the server by itself.
  others.onmessage = ({ data }) => {
    if (typeof data === "number" && data <= Date.now()) activity.touch(data);
  };
  const how = { capture: true, passive: true };
  for (const name of TOUCHES) window.addEventListener(name, here, how);
  window.addEventListener("focus", seen);
  document.addEventListener("visibilitychange", seen);
  return () => {
    clearTimeout(timer);
    others.close();
    for (const name of TOUCHES) window.removeEventListener(name, here, how);
    window.removeEventListener("focus", seen);
    document.removeEventListener("visibilitychange", seen);
  };
}
