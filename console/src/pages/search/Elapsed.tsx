/** How long something has been going on, from when this was first shown. */
import { useEffect, useState } from "react";
import { lasting } from "../../lib/time";

export function Elapsed() {
  const [started] = useState(() => performance.now());
  const [now, setNow] = useState(started);
  useEffect(() => {
    const ticking = setInterval(() => setNow(performance.now()), 100);
    return () => clearInterval(ticking);
  }, []);
  // A number that changes ten times a second is not read aloud.
  return (
    <span aria-hidden="true" className="rf-num">
      {lasting(now - started)}
    </span>
  );
}
