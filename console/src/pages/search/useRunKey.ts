import { useEffect, useRef } from "react";

/** Ctrl-Enter (or ⌘-Enter) anywhere on the page, also while typing, except in a dialogue. */
export function useRunKey(run: () => void): void {
  const held = useRef(run);
  useEffect(() => {
    held.current = run;
  });
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest("[role=dialog]")) return;
      event.preventDefault();
      held.current();
    };
    window.addEventListener("keydown", down);
    return () => window.removeEventListener("keydown", down);
  }, []);
}
