/** What pages ask the server, each question once: key, call, how long an answer is good. */
import { type QueryClient, infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { timeOf } from "../lib/sql";
import { api, ask, type Schemas } from "./client";
import { type Holder, certificatesOf } from "./credentials";

export type Alert = Schemas["Alert"];
export type AlertDetail = Schemas["AlertDetail"];
export type AlertFilter = NonNullable<
  NonNullable<import("./schema").paths["/api/v1/alerts"]["get"]["parameters"]["query"]>
>;
export type TimelineEvent = Schemas["TimelineEvent"];
export type Timeline = Schemas["Timeline"];
export type EntityKind = "call" | "agent" | "customer" | "number" | "address" | "device";
export type Row = Record<string, unknown>;
export interface Table {
  columns: { name: string; type: string }[];
  rows: Row[];
  truncated: boolean;
}

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/session", { signal })),
  retry: false,
  staleTime: 60_000,
});

/** Asks now whether the session still is: when it is not, whoever listens for its end hears of it. */
export const askSession = (client: QueryClient): void =>
  void client.query({ ...sessionQuery, staleTime: 0 }).catch(() => undefined);

/** What whoever asks may do. */
export const rightsQuery = queryOptions({
  queryKey: ["rights"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/access", { signal })),
  staleTime: 60_000,
  refetchInterval: 60_000,
});

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/me", { signal })),
  refetchInterval: 15_000,
});

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/people", { signal })),
  refetchInterval: 30_000,
});

export const personQuery = (id: string) =>
  queryOptions({
    queryKey: ["people", id],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/people/{id}", { params: { path: { id } }, signal })),
    refetchInterval: 15_000,
  });

export const resetsQuery = queryOptions({
  queryKey: ["resets"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/resets", { signal })),
  refetchInterval: 30_000,
});

/** One's own requests of roles, and those that one may answer. */
export const requestsQuery = queryOptions({
  queryKey: ["requests"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/access/requests", { signal })),
  refetchInterval: 15_000,
});

export const emergenciesQuery = queryOptions({
  queryKey: ["emergencies"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/emergencies", { signal })),
  refetchInterval: 15_000,
});

export const reviewsQuery = queryOptions({
  queryKey: ["reviews"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/reviews", { signal })),
  refetchInterval: 30_000,
});

export const reviewQuery = (id: string) =>
  queryOptions({
    queryKey: ["reviews", id],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/reviews/{id}", { params: { path: { id } }, signal })),
    // Several reviewers work at a time.
    refetchInterval: 15_000,
  });

export type EvidenceFilter = Omit<
  NonNullable<import("./schema").paths["/api/v1/evidence"]["get"]["parameters"]["query"]>,
  "limit" | "cursor"
>;

/** The evidence log, the newest first, page after page. */
export const evidencePagesQuery = (filter: EvidenceFilter) =>
  infiniteQueryOptions({
    queryKey: ["evidence", "pages", filter],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET("/api/v1/evidence", {
          params: { query: { ...filter, limit: 100, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    // Whoever has gone back in time stays there.
    refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) < 2 ? 15_000 : false),
  });

/** One entry of the evidence log with its proof: as the server wrote it, to the byte, and as it is read. */
export const evidenceQuery = (index: number) =>
  queryOptions({
    queryKey: ["evidence", "one", index],
    queryFn: async ({ signal }) => {
      const call = api.GET("/api/v1/evidence/{index}", { params: { path: { index } }, parseAs: "text", signal });
      const answer: string = await ask(call);
      return { answer, entry: JSON.parse(answer) as Schemas["EvidenceEntry"] };
    },
    // For a second it is not in the log yet.
    refetchInterval: ({ state }) => (state.data?.entry.proof === null ? 1_000 : false),
  });

/** Records with their proofs, as one file: an act that is recorded. */
export const takeEvidence = (filter: EvidenceFilter): Promise<Blob> =>
  ask(api.POST("/api/v1/evidence/export", { body: filter, parseAs: "blob" }));

/** Who was not let in, and which roles nobody needed, for so many days. */
export const unusedQuery = (days: number) =>
  queryOptions({
    queryKey: ["unused", days],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/access/unused", { params: { query: { days } }, signal })),
    staleTime: 60_000,
  });

export const statusQuery = queryOptions({
  queryKey: ["status"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/status", { signal })),
  refetchInterval: 5_000,
});

export const alertsQuery = (filter: AlertFilter) =>
  queryOptions({
    queryKey: ["alerts", "page", filter],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/alerts", { params: { query: filter }, signal })),
    placeholderData: keepPreviousData,
  });

/**
 * Page after page of a list of alerts. It is kept up by the live changes, never asked again as a
 * whole: that could be hundreds of requests. `began` is told when its first page is asked.
 */
export const alertPagesQuery = (filter: AlertFilter, began?: () => void) =>
  infiniteQueryOptions({
    queryKey: ["alerts", "pages", filter],
    queryFn: ({ pageParam, signal }) => {
      if (pageParam === "") began?.();
      return ask(
        api.GET("/api/v1/alerts", {
          params: { query: { ...filter, limit: 500, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      );
    },
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: Infinity,
  });

export const alertQuery = (id: string) =>
  queryOptions({
    queryKey: ["alerts", "one", id],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/alerts/{id}", { params: { path: { id } }, signal })),
  });

/** The findings that are kept with an alert, newest first. */
export const findingsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["alerts", "findings", id],
    queryFn: ({ pageParam, signal }) =>
      ask(
        api.GET("/api/v1/alerts/{id}/findings", {
          params: { path: { id }, query: { limit: 250, ...(pageParam ? { cursor: pageParam } : {}) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: (last) => last.next ?? undefined,
  });

/** Alerts to compare one with: not live, for comparing needs no last second. */
export const pastAlertsQuery = (filter: AlertFilter) =>
  queryOptions({
    queryKey: ["past-alerts", filter],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/alerts", { params: { query: filter }, signal })),
    staleTime: 60_000,
  });

export interface Span {
  from_ms?: number;
  to_ms?: number;
  limit?: number;
  class_uid?: number;
  last?: boolean;
}

/** Everything that concerns one entity, in the order of time. */
export const timelineQuery = (kind: EntityKind, value: string, span: Span = {}) =>
  queryOptions({
    queryKey: ["timeline", kind, value, span],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/timeline", { params: { query: { kind, value, ...span } }, signal })),
    placeholderData: keepPreviousData,
  });

export const recordQuery = (id: string) =>
  queryOptions({
    queryKey: ["record", id],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/records/{id}", { params: { path: { id } }, signal })),
    staleTime: Infinity,
  });

/** One `SELECT` over `events`. Leaving the page, or asking anew, stops it on the server. */
export const sqlQuery = (sql: string, limit = 1_000) =>
  queryOptions({
    queryKey: ["sql", sql, limit],
    queryFn: ({ signal }) => ask<Table>(api.POST("/api/v1/query", { body: { sql, limit }, signal })),
    retry: false,
    staleTime: 30_000,
  });

export const rulesQuery = queryOptions({
  queryKey: ["rules"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/rules", { signal })),
  refetchInterval: 30_000,
});

/** Who may do something in a program. */
export const whoMayQuery = (action: string, program: string) =>
  queryOptions({
    queryKey: ["access", "who", action, program],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/access/who", { params: { query: { action, program } }, signal })),
  });

/** What a person or a service may do. */
/** A question about one person or service. */
export type Question = NonNullable<import("./schema").paths["/api/v1/access/why"]["get"]["parameters"]["query"]>;

export const whyQuery = (question: Question) =>
  queryOptions({
    queryKey: ["access", "why", question],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/access/why", { params: { query: question }, signal })),
    placeholderData: keepPreviousData,
  });

/** Groups of the directory. */
export const groupsQuery = queryOptions({
  queryKey: ["groups"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/groups", { signal })),
  refetchInterval: 30_000,
});

/** What is recorded about whoever looks. */
export const recordedQuery = queryOptions({
  queryKey: ["me", "records"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/me/records", { signal })),
  staleTime: 30_000,
});

/** What the evidence log has about whoever looks, the newest first, page after page. */
export const myEvidenceQuery = infiniteQueryOptions({
  queryKey: ["me", "evidence"],
  queryFn: ({ pageParam, signal }) =>
    ask(
      api.GET("/api/v1/me/evidence", {
        params: { query: { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) } },
        signal,
      }),
    ),
  initialPageParam: "",
  getNextPageParam: (last) => last.next ?? undefined,
  staleTime: 30_000,
});

/** One of these entries with its proof. */
export const myEntryQuery = (index: number) =>
  queryOptions({
    queryKey: ["me", "evidence", index],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/me/evidence/{index}", { params: { path: { index } }, signal })),
    refetchInterval: ({ state }) => (state.data?.proof === null ? 1_000 : false),
  });

export const accessOfQuery = (id: string) =>
  queryOptions({
    queryKey: ["people", id, "access"],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/access/of/{id}", { params: { path: { id } }, signal })),
  });

export const policiesQuery = queryOptions({
  queryKey: ["policies"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/policies", { signal })),
  refetchInterval: 30_000,
});

export const servicesQuery = queryOptions({
  queryKey: ["services"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/services", { signal })),
  refetchInterval: 30_000,
});

export const certificatesQuery = (holder: Holder) =>
  queryOptions({
    queryKey: ["certificates", holder.kind, holder.id],
    queryFn: ({ signal }) => certificatesOf(holder, signal),
  });

export const sourcesQuery = queryOptions({
  queryKey: ["sources"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/sources", { signal })),
  refetchInterval: 15_000,
});

export const quarantineQuery = (source?: string) =>
  queryOptions({
    queryKey: ["quarantine", source ?? ""],
    queryFn: ({ signal }) =>
      ask(
        api.GET("/api/v1/quarantine", {
          params: { query: { limit: 50, ...(source ? { source_id: source } : {}) } },
          signal,
        }),
      ),
    refetchInterval: 15_000,
  });

export const liveCallsQuery = queryOptions({
  queryKey: ["calls"],
  queryFn: ({ signal }) => ask(api.GET("/api/v1/calls", { params: { query: { limit: 200 } }, signal })),
  refetchInterval: 5_000,
});

export const savedQuery = (kind: "alerts" | "query") =>
  queryOptions({
    queryKey: ["saved", kind],
    queryFn: ({ signal }) => ask(api.GET("/api/v1/saved", { params: { query: { kind } }, signal })),
  });

/** When the oldest event that is still kept happened; null where there is none. */
export const oldestQuery = queryOptions({
  queryKey: ["oldest"],
  queryFn: async ({ signal }) => {
    const sql = "SELECT min(time) AS oldest FROM events";
    const table = await ask<Table>(api.POST("/api/v1/query", { body: { sql, limit: 1 }, signal }));
    return timeOf(table.rows[0]?.["oldest"]);
  },
  staleTime: 600_000,
  retry: false,
});
