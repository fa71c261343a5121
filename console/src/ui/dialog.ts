/** What dialogs and drawers have in common. */
import { useEffect, useRef, useState } from "react";

/** What every one says to those who do not see it. */
export const DIALOG = {
  closeButtonProps: { "aria-label": "Close" },
  styles: { title: { fontWeight: 650, fontSize: "var(--mantine-font-size-lg)" } },
  // Its head is no banner of the page.
  attributes: { header: { role: "presentation" } },
} as const;

/**
 * Gives the focus back to where it was when the dialog came. Mantine does that for a dialog that is
 * told to close; one that is simply not drawn any more, because the address says so, needs this.
 */
export function useReturnFocus(): void {
  const [from] = useState(() => document.activeElement);
  const there = useRef(false);
  useEffect(() => {
    there.current = true;
    return () => {
      there.current = false;
      setTimeout(() => {
        if (!there.current && from instanceof HTMLElement && from.isConnected) from.focus({ preventScroll: true });
      });
    };
  }, [from]);
}
