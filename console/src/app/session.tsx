/** Who sits here: asked once, given up when the server says so. */
import { Center, Loader } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useEffect } from "react";
import { Problem, type Schemas, api, ask, sessionEnded } from "../api/client";
import { sessionQuery } from "../api/queries";
import { SignIn } from "../pages/SignIn";
import { Failed } from "../ui/States";

const Context = createContext<Schemas["Session"] | null>(null);

/** The session; pages are only shown inside one. */
export function useSession(): Schemas["Session"] {
  const session = use(Context);
  if (!session) throw new Error("outside of a session");
  return session;
}

export function SessionGate({ children }: { children: ReactNode }) {
  const query = useQuery(sessionQuery);
  const client = useQueryClient();
  useEffect(() => {
    const end = () => {
      client.setQueryData(sessionQuery.queryKey, undefined);
      void client.resetQueries({ queryKey: sessionQuery.queryKey });
    };
    sessionEnded.addEventListener("ended", end);
    return () => sessionEnded.removeEventListener("ended", end);
  }, [client]);
  if (query.data) return <Context value={query.data}>{children}</Context>;
  if (query.isPending) {
    return (
      <Center h="100vh">
        <Loader role="status" aria-label="Loading" />
      </Center>
    );
  }
  if (query.error instanceof Problem && query.error.status === 401) return <SignIn />;
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
  window.location.assign("/");
}
