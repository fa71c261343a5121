/** Asks, shows that it is being asked, and lets one stop it. */
import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { Problem, api, ask } from "../../api/client";
import { type Table, sessionQuery } from "../../api/queries";
import { BROKEN } from "./problems";

/** An answer with what it cost. */
export interface Answer {
  table: Table;
  /** How long it took, ms. */
  took: number;
}

/**
 * Asks one `SELECT`. A long answer may break off in the middle, which is something else than a server
 * that does not answer. `text` is the answer as the server wrote it.
 */
export async function askSql(sql: string, limit: number, signal: AbortSignal): Promise<Answer & { text: string }> {
  const started = performance.now();
  const seen = { began: false };
  const watched = async (request: Request) => {
    const response = await fetch(request);
    seen.began = response.ok;
    return response;
  };
  const broken = (why: string) => new Problem(0, BROKEN, "The answer broke off", why);
  let text: string;
  try {
    text = await ask<string>(
      api.POST("/api/v1/query", { body: { sql, limit }, signal, parseAs: "text", fetch: watched }),
    );
  } catch (error) {
    throw seen.began && !signal.aborted && error instanceof Problem ? broken(error.message) : error;
  }
  let table: Table;
  try {
    table = exactNumbers(JSON.parse(text) as Table, text);
  } catch (error) {
    throw broken(error instanceof Error ? error.message : "");
  }
  return { table, text, took: performance.now() - started };
}

/** Whole numbers that a double cannot hold are kept as the text that they came as. */
export function exactNumbers(table: Table, text: string): Table {
  const names = table.columns.filter((c) => c.type === "bigint").map((c) => c.name);
  const unsafe = (value: unknown) =>
    typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
  if (!table.rows.some((row) => names.some((name) => unsafe(row[name])))) return table;
  const keep = (_: string, value: unknown, context?: { source?: string }) =>
    unsafe(value) && context?.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
  return JSON.parse(text, keep) as Table;
}

/** `at` makes one question asked twice two questions. */
export const answerQuery = (sql: string, limit: number, at: number) =>
  queryOptions({
    queryKey: ["search", sql, limit, at],
    queryFn: async ({ signal }): Promise<Answer> => {
      const { table, took } = await askSql(sql, limit, signal);
      return { table, took };
    },
    retry: false,
    // The server may well be on this machine, which has no other network.
    networkMode: "always",
    staleTime: Infinity,
    // Answers are large, and going back to one is rare.
    gcTime: 60_000,
  });

/** A question beside the main one: asked after it, given up with it. */
export function useBeside<T>(
  sql: string | undefined,
  at: number,
  read: (table: Table) => T,
  limit = 1_000,
): { data: T | undefined; error: unknown; pending: boolean; retry: () => void } {
  const query = useQuery({ ...answerQuery(sql ?? "", limit, at), enabled: sql !== undefined });
  const table = sql === undefined ? undefined : query.data?.table;
  const data = useMemo(() => (table ? read(table) : undefined), [table, read]);
  return {
    data,
    error: sql === undefined ? null : query.error,
    pending: sql !== undefined && query.isFetching,
    retry: () => void query.refetch(),
  };
}

/** How far the server's clock is ahead of this machine's, ms. */
export function useClock(): () => number {
  const client = useQueryClient();
  return useMemo(
    () => () => {
      const state = client.getQueryState(sessionQuery.queryKey);
      const ahead = state?.data && state.dataUpdatedAt > 0 ? state.data.now_ms - state.dataUpdatedAt : 0;
      // The answer was on its way for a while: a small difference is no difference.
      return Date.now() + (Math.abs(ahead) > 2_000 ? ahead : 0);
    },
    [client],
  );
}
