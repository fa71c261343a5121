/** Why something was not done, beside what was asked for. */
import { Problem, SIGN_IN_AGAIN } from "../api/client";
import { Notice } from "./Notice";

export function Wrong({ error }: { error: Error | null }) {
  if (!error) return null;
  // The dialog that this brought says more.
  const again = error instanceof Problem && error.type === SIGN_IN_AGAIN;
  return <Notice tone="bad">{again ? "Sign in again first: this was not done." : error.message}</Notice>;
}
