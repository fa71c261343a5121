/** Live: one stream of server-sent events for the whole console, and whether it stands. */
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, createContext, use, useEffect, useRef, useState } from "react";
import { type Alert, askSession } from "../api/queries";
import { ChangeLog, outdated } from "./changes";

export type LiveState = "connecting" | "live" | "broken";

export interface Change {
  id: number;
  kind: string;
  at_ms: number;
  alert: Alert;
}

interface Live {
  state: LiveState;
  /** Since when it has been in that state. */
  since: number;
  /** Calls back at each change; gives the way to stop. */
  listen: (told: (change: Change) => void) => () => void;
  /** What changed lately, for lists that catch up by themselves. */
  log: ChangeLog;
}

const Context = createContext<Live | null>(null);

export function useLive(): Live {
  const live = use(Context);
  if (!live) throw new Error("outside of the live stream");
  return live;
}

/** Lists are asked again at most so often: a burst of changes is one. */
const SETTLE_MS = 700;

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const told = useRef(new Set<(change: Change) => void>());
  const [state, setState] = useState<{ state: LiveState; since: number }>(() => ({
    state: "connecting",
    since: Date.now(),
  }));
  const [log] = useState(() => new ChangeLog());
  const [listen] = useState(() => (tell: (change: Change) => void) => {
    told.current.add(tell);
    return () => void told.current.delete(tell);
  });

  useEffect(() => {
    let stream: EventSource | undefined;
    let again: ReturnType<typeof setTimeout> | undefined;
    let settle: ReturnType<typeof setTimeout> | undefined;
    let wait = 1_000;
    let broken = false;
    let stopped = false;
    const become = (next: LiveState) =>
      setState((was) => (was.state === next ? was : { state: next, since: Date.now() }));
    // Alerts that changed since lists were asked last; all, when some changes were not heard.
    let touched = new Set<string>();
    let all = false;
    const refresh = () => {
      settle ??= setTimeout(() => {
        const ids = all ? undefined : touched;
        settle = undefined;
        touched = new Set();
        all = false;
        void client.invalidateQueries({ predicate: (q) => outdated(q.queryKey, ids), refetchType: "active" });
      }, SETTLE_MS);
    };
    const missed = () => {
      log.lose();
      all = true;
      refresh();
    };
    const open = () => {
      stream = new EventSource("/api/v1/alerts/stream");
      stream.onopen = () => {
        wait = 1_000;
        become("live");
        // What changed in the gap may be more than the stream still has; and before the first
        // opening nobody listened.
        if (broken) missed();
        else log.lose();
        broken = false;
      };
      stream.addEventListener("alert", (event) => {
        const change = JSON.parse((event as MessageEvent<string>).data) as Change;
        client.setQueryData(["alerts", "one", change.alert.id], (old: { alert: Alert } | undefined) =>
          old && old.alert.updated_ms <= change.alert.updated_ms ? { ...old, alert: change.alert } : old,
        );
        log.add(change);
        for (const tell of told.current) tell(change);
        touched.add(change.alert.id);
        refresh();
      });
      stream.addEventListener("gap", missed);
      stream.onerror = () => {
        broken = true;
        become("broken");
        // A session that is over ends its stream first: it is known here before anything is asked.
        askSession(client);
        // The browser tries again by itself unless the answer was no stream at all.
        if (stream?.readyState === EventSource.CLOSED && !stopped) {
          again = setTimeout(open, wait);
          wait = Math.min(wait * 2, 30_000);
        }
      };
    };
    open();
    return () => {
      stopped = true;
      clearTimeout(again);
      clearTimeout(settle);
      stream?.close();
    };
  }, [client, log]);

  return <Context value={{ ...state, listen, log }}>{children}</Context>;
}
