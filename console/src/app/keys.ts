/** Keys without a modifier: they work unless somebody types. */
import { useEffect, useRef } from "react";

/** Inputs in which a letter is no text. */
const TICKED = ["checkbox", "radio", "button", "submit", "reset"];

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable ||
    (target instanceof HTMLInputElement && !TICKED.includes(target.type)) ||
    ["TEXTAREA", "SELECT"].includes(target.tagName) ||
    target.closest("[role=dialog],[role=menu],[role=listbox]") !== null);

/** `map` goes from `KeyboardEvent.key` to what it does. */
export function useKeys(map: Record<string, (event: KeyboardEvent) => void>): void {
  const held = useRef(map);
  useEffect(() => {
    held.current = map;
  });
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || typing(event.target)) return;
      const act = held.current[event.key];
      if (act) {
        event.preventDefault();
        act(event);
      }
    };
    window.addEventListener("keydown", down);
    return () => window.removeEventListener("keydown", down);
  }, []);
}
