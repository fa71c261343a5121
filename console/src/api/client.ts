/** The typed client of the API, made from our OpenAPI contract. */
import createClient, { type Middleware } from "openapi-fetch";
import { activity } from "../app/activity";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** An answer that is not the one hoped for: what the server said about it (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** For programs, such as `urn:ringfence:query-timeout`. */
    readonly type: string,
    readonly title: string,
    /** What to do. */
    readonly detail: string,
  ) {
    super(detail || title);
  }
}

/** Whoever must know that the session is over. */
export const sessionEnded = new EventTarget();

/** What is done only by somebody who signed in a moment ago. */
export const SIGN_IN_AGAIN = "urn:ringfence:sign-in-again";

/** Whoever must know that something needs another sign-in. */
export const signInNeeded = new EventTarget();

const guard: Middleware = {
  onRequest({ request }) {
    // A form of another site cannot send this header: without it the server takes no change.
    request.headers.set("X-Ringfence-Console", "1");
    request.headers.set("X-Ringfence-Idle", String(activity.tell(Date.now())));
    return request;
  },
  onResponse({ response }) {
    if (response.status === 401) sessionEnded.dispatchEvent(new Event("ended"));
  },
};

export const api = createClient<paths>({ baseUrl: "/" });
api.use(guard);

/** What a call gave, or a `Problem` thrown. */
export async function ask<T>(call: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
  let answer;
  try {
    answer = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "The server does not answer", "Check that it runs and that you are connected.");
  }
  const { data, error, response } = answer;
  if (response.ok) return data as T;
  const problem = problemOf(response.status, error);
  if (problem.type === SIGN_IN_AGAIN) signInNeeded.dispatchEvent(new Event("needed"));
  throw problem;
}

export function problemOf(status: number, body: unknown): Problem {
  const said = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (key: string) => (typeof said[key] === "string" ? said[key] : "");
  return new Problem(status, text("type"), text("title") || `The server answered ${status}`, text("detail"));
}
