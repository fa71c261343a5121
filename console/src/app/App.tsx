import { Idle } from "./Idle";
import { LiveProvider } from "./live";
import { SessionGate } from "./session";
import { Shell } from "./Shell";
import { SignInAgain } from "./SignInAgain";

/** Everything around a page. */
export function App() {
  return (
    <SessionGate>
      <LiveProvider>
        <Shell />
      </LiveProvider>
      <Idle />
      <SignInAgain />
    </SessionGate>
  );
}
