import { LiveProvider } from "./live";
import { SessionGate } from "./session";
import { Shell } from "./Shell";

/** Everything around a page. */
export function App() {
  return (
    <SessionGate>
      <LiveProvider>
        <Shell />
      </LiveProvider>
    </SessionGate>
  );
}
