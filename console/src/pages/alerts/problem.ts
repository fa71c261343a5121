import { Problem } from "../../api/client";

/** What went wrong in an edit, and what to do, for a person. */
export function sayProblem(error: unknown): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : "It did not work. Try again.";
  if (error.status === 409)
    return "Somebody else changed it meanwhile. It was loaded again: look at what changed, then decide.";
  if (error.status === 403) return "Your role does not include this. Ask an administrator of Ringfence.";
  if (error.status === 404) return "It is not there any more.";
  return error.detail || error.title;
}
