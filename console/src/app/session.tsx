/** Who sits here: asked once, given up when the server says so. */
import { Center, Loader } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useEffect, useRef } from "react";
import { Problem, type Schemas, api, ask, sessionEnded } from "../api/client";
import { askSession, rightsQuery, sessionQuery } from "../api/queries";
import { Failed } from "../ui/States";
import { watch } from "./activity";
import { leave } from "./leave";

/** A session, with its moments by the clock of this machine, which may be another than the server's. */
export interface Seat {
  session: Schemas["Session"];
  /** Until when what changes how people sign in needs no other sign-in. */
  freshUntil: number;
  /** When it ends, whatever is done. */
  endsAt: number;
}

const Context = createContext<Seat | null>(null);

export function useSeat(): Seat {
  const seat = use(Context);
  if (!seat) throw new Error("outside of a session");
  return seat;
}

/** The session; pages are only shown inside one. */
export const useSession = (): Schemas["Session"] => useSeat().session;

/** Whether whoever sits here may do something at all; not, as long as that is not known. */
export function useMay(action: string): boolean {
  const { data } = useQuery(rightsQuery);
  return data?.rights.some((right) => right.action === action) ?? false;
}

/** Pages that are not for everybody, and what one has to be allowed for them. */
const NEEDS: Partial<Record<string, string>> = {
  "/people": "person:read",
  "/reviews": "person:read",
  "/evidence": "evidence:read",
};

/** Which pages whoever sits here is led to. */
export function useSees(): (page: string) => boolean {
  const { data } = useQuery(rightsQuery);
  return (page) => {
    const needed = NEEDS[page];
    return needed === undefined || (data?.rights.some((right) => right.action === needed) ?? false);
  };
}

export function SessionGate({ children }: { children: ReactNode }) {
  const query = useQuery(sessionQuery);
  const client = useQueryClient();
  const who = useRef<string>(undefined);
  useEffect(() => {
    sessionEnded.addEventListener("ended", leave);
    const stop = watch(() => askSession(client));
    // A page that the browser kept shows what somebody saw who may be gone.
    const kept = (event: PageTransitionEvent) => {
      if (event.persisted) window.location.reload();
    };
    window.addEventListener("pageshow", kept);
    return () => {
      sessionEnded.removeEventListener("ended", leave);
      stop();
      window.removeEventListener("pageshow", kept);
    };
  }, [client]);
  const id = query.data?.id;
  useEffect(() => {
    // Somebody else signed in, in another window: nothing of what was seen stays in memory.
    if (id !== undefined && who.current !== undefined && who.current !== id) window.location.reload();
    who.current = id ?? who.current;
  }, [id]);
  if (query.data) {
    const { now_ms, fresh_until_ms, expires_ms } = query.data;
    const here = (ms: number | null) => (ms === null ? Infinity : query.dataUpdatedAt + ms - now_ms);
    const seat = { session: query.data, freshUntil: here(fresh_until_ms), endsAt: here(expires_ms) };
    return <Context value={seat}>{children}</Context>;
  }
  // Who is not signed in is on the way to where they can.
  if (query.isPending || (query.error instanceof Problem && query.error.status === 401)) {
    return (
      <Center h="100vh">
        <Loader role="status" aria-label="Loading" />
      </Center>
    );
  }
  return (
    <Center h="100vh" p="md">
      <Failed error={query.error} retry={() => void query.refetch()} />
    </Center>
  );
}

/** Ends the session here and on the server. */
export async function signOut(): Promise<void> {
  await ask(api.DELETE("/api/v1/session"));
  // A new page: nothing of what was seen stays in memory.
  window.location.replace("/signin");
}
