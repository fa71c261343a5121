/** The rows of the list: page after page, followed by live changes that never move a row under somebody's hand. */
import { hashKey, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "react";
import { type Alert, alertPagesQuery } from "../../api/queries";
import { useLive } from "../../app/live";
import { type View, matches, toQuery } from "./filter";
import { type Belongs, applied, latest, moves } from "./rows";

/** Up to which live change each cached list has been brought. */
const seen = new Map<string, number>();

/** Changes are taken note of at most so often. */
const SETTLE_MS = 500;
/** For so long the first page waits for the live stream, so that no change falls between the two. */
const STREAM_MS = 400;
/** Where only asking anew tells what changed, it is asked at most so often by itself. */
const ANEW_MS = 5_000;
/** New rows stay marked so long. */
const FRESH_MS = 8_000;

const NONE: ReadonlySet<string> = new Set();

export interface AlertRows {
  query: ReturnType<typeof usePages>["query"];
  rows: Alert[];
  /** The row as it is now; its place in the list may be an older one. */
  current: (row: Alert) => Alert;
  /** What is held back: how many rows it would move; `maybe` means only asking anew tells. */
  held: { count: number; maybe: boolean };
  /** Rows that came lately. */
  fresh: ReadonlySet<string>;
  /** Shows what is held back; gives the rows that came or moved. */
  show: () => string[];
  /** Puts what was done here into the list at once. */
  put: (alerts: readonly Alert[]) => void;
}

function usePages(view: View, me: string) {
  const live = useLive();
  const [waited, setWaited] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setWaited(true), STREAM_MS);
    return () => clearTimeout(timer);
  }, []);
  const filter = useMemo(() => toQuery(view, me), [view, me]);
  const { log } = live;
  const options = useMemo(() => {
    const key = hashKey([filter]);
    return { ...alertPagesQuery(filter, () => void seen.set(key, log.head)), key };
  }, [filter, log]);
  const query = useInfiniteQuery({ ...options, enabled: waited || live.state !== "connecting" });
  return { query, queryKey: options.queryKey, key: options.key, live };
}

/** `calm`: nobody's eye or hand is on a row, so rows may move. */
export function useAlertRows(view: View, me: string, calm: boolean): AlertRows {
  const client = useQueryClient();
  const { query, queryKey, key, live } = usePages(view, me);
  const { log, listen } = live;
  const [tick, note] = useReducer((n: number) => n + 1, 0);
  useEffect(() => {
    let settle: ReturnType<typeof setTimeout> | undefined;
    const stop = listen(() => {
      settle ??= setTimeout(() => {
        settle = undefined;
        note();
      }, SETTLE_MS);
    });
    return () => {
      clearTimeout(settle);
      stop();
    };
  }, [listen]);

  const pages = query.data?.pages;
  const complete = !query.hasNextPage;
  const belongs = useMemo<Belongs>(
    () => ({ order: view.order, matches: (alert) => matches(alert, view, me), complete }),
    [view, me, complete],
  );
  const rows = useMemo(() => pages?.flatMap((page) => page.items) ?? [], [pages]);
  const from = seen.get(key) ?? 0;
  // Until its own rows are here there is nothing that could be out of date.
  const there = pages !== undefined && !query.isPlaceholderData && live.state !== "connecting";
  const { changed, held, lost } = useMemo(() => {
    const changes = tick >= 0 && there ? log.since(from) : [];
    const changed = latest(changes ?? []);
    const lost = changes === undefined;
    return { changed, lost, held: lost ? { count: 0, maybe: true } : moves(rows, changed, belongs) };
  }, [tick, there, log, from, rows, belongs]);
  const current = useCallback(
    (row: Alert) => {
      const now = changed.get(row.id);
      return now && now.updated_ms > row.updated_ms ? now : row;
    },
    [changed],
  );

  const [fresh, setFresh] = useState(NONE);
  useEffect(() => {
    if (fresh.size === 0) return;
    const timer = setTimeout(() => setFresh(NONE), FRESH_MS);
    return () => clearTimeout(timer);
  }, [fresh]);

  const write = useCallback(
    (changed: ReadonlyMap<string, Alert>): string[] => {
      const data = client.getQueryData(queryKey);
      if (!data || changed.size === 0) return [];
      const done = applied(data.pages, changed, belongs);
      const save = () =>
        client.setQueryData(
          queryKey,
          (now) => now && { ...now, pages: now === data ? done.pages : applied(now.pages, changed, belongs).pages },
        );
      // A page that is on its way would bring the old rows back.
      if (client.getQueryState(queryKey)?.fetchStatus === "fetching")
        void client.cancelQueries({ queryKey, exact: true }).then(save);
      else save();
      return done.fresh;
    },
    [client, queryKey, belongs],
  );
  const { refetch } = query;
  const restart = useCallback(() => {
    client.setQueryData(
      queryKey,
      (now) => now && { pages: now.pages.slice(0, 1), pageParams: now.pageParams.slice(0, 1) },
    );
    void refetch();
  }, [client, queryKey, refetch]);

  const show = useCallback((): string[] => {
    seen.set(key, log.head);
    note();
    if (held.maybe) {
      restart();
      return [];
    }
    const came = write(changed);
    setFresh(new Set(came));
    return came;
  }, [key, log, held.maybe, restart, write, changed]);

  // Nobody looks at a certain row: let the list flow. What moves nothing is folded in as well.
  const due = there && calm && !query.isFetching && (lost || changed.size > 0);
  const asked = useRef(0);
  useEffect(() => {
    if (!due) return;
    const wait = held.maybe ? asked.current + ANEW_MS - Date.now() : 0;
    const timer = setTimeout(
      () => {
        asked.current = Date.now();
        show();
      },
      Math.max(wait, 0),
    );
    return () => clearTimeout(timer);
  }, [due, held.maybe, show]);

  const put = useCallback(
    (alerts: readonly Alert[]) => void write(new Map(alerts.map((alert) => [alert.id, alert]))),
    [write],
  );
  return { query, rows, current, held, fresh, show, put };
}
