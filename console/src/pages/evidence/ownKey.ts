/** The key of the log that somebody got elsewhere: kept by this browser, which the server cannot change. */
import { useState } from "react";

/** A server has one log: another one in its place has another key, whatever it is called. */
const KEY = "rf-evidence-key";

function read(): string | undefined {
  try {
    return localStorage.getItem(KEY) ?? undefined;
  } catch {
    return undefined;
  }
}

export interface OwnKey {
  /** Nothing where nobody gave one. */
  key: string | undefined;
  set: (key: string | undefined) => void;
}

export function useOwnKey(): OwnKey {
  const [key, setKey] = useState(read);
  const set = (next: string | undefined) => {
    setKey(next);
    try {
      if (next === undefined) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, next);
    } catch {
      // Without a store it holds as long as the page is open.
    }
  };
  return { key, set };
}
