/** Away to the page where people sign in, and back to where they were. */

/** `again` for somebody who is signed in; `at` is where they go on. */
export function signInAt(at: Pick<Location, "pathname" | "search" | "hash">, again = false): string {
  const next = encodeURIComponent(at.pathname + at.search + at.hash);
  return `/signin?${again ? "again&" : ""}next=${next}`;
}

let leaving = false;

/** The session is over: nothing of what was seen stays in memory. Said many times, done once. */
export function leave(): void {
  if (leaving) return;
  leaving = true;
  window.location.replace(signInAt(window.location));
}
