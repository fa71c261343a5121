/** The last changes of alerts in the order they came, so that a list can catch up instead of being asked anew. */
import type { Change } from "./live";

export class ChangeLog {
  readonly #most: number;
  #entries: Change[] = [];
  /** Number of the first entry that is still there; numbers count from 0. */
  #first = 0;

  constructor(most = 4_000) {
    this.#most = most;
  }

  /** The number that the next change gets. */
  get head(): number {
    return this.#first + this.#entries.length;
  }

  add(change: Change): void {
    this.#entries.push(change);
    // Cut seldom and much: cutting moves what stays.
    if (this.#entries.length > this.#most * 1.5) {
      const over = this.#entries.length - this.#most;
      this.#entries.splice(0, over);
      this.#first += over;
    }
  }

  /** Some changes were not heard: nobody can catch up from before now. */
  lose(): void {
    this.#first = this.head + 1;
    this.#entries = [];
  }

  /** The changes from number `seq` on; nothing when they are not all known. */
  since(seq: number): Change[] | undefined {
    return seq < this.#first ? undefined : this.#entries.slice(seq - this.#first);
  }
}

/**
 * Whether a cached answer is out of date after changes of these alerts (nothing: of any).
 * The long lists (`pages`) follow the changes themselves: asking all their pages again would
 * take longer than until the next change.
 */
export function outdated(key: readonly unknown[], ids?: ReadonlySet<string>): boolean {
  if (key[0] !== "alerts") return false;
  if (key[1] === "page") return true;
  if (key[1] !== "one" && key[1] !== "findings") return false;
  return ids === undefined || (typeof key[2] === "string" && ids.has(key[2]));
}
