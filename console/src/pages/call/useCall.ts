/** Everything that the page of a call asks the server. */
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import {
  type Alert,
  type Timeline,
  type TimelineEvent,
  alertQuery,
  alertsQuery,
  liveCallsQuery,
  timelineQuery,
} from "../../api/queries";
import { CLASS } from "../../lib/say";
import { useNow } from "../../ui/When";
import { concerns, entitiesOf, overlaps, rulesOf } from "./alerts";
import { MOST_AGENTS, corrected, devicesOf, mergeAround, spanAround } from "./around";
import { keepSame } from "../../lib/same";
import { type Story, storyOf } from "./story";

export const MOST_EVENTS = 5_000;

export const useTimeline = (uid: string) =>
  useQuery({
    ...timelineQuery("call", uid, { limit: MOST_EVENTS }),
    structuralSharing: keepSame,
    // A call that goes on grows.
    refetchInterval: (query) => (goesOn(query.state.data) ? 5_000 : false),
  });

/** Whether there is hope for more: it has begun, and no end was reported. */
function goesOn(timeline: Timeline | undefined): boolean {
  const items = timeline?.items ?? [];
  const begun = items.some((e) => e.class_uid === CLASS.call || e.class_uid === CLASS.signalling);
  return begun && !items.some((e) => e.class_uid === CLASS.call && (e.activity_id === 5 || e.activity_id === 8));
}

/** The story of these events; for a call that goes on, up to now. */
export function useStory(own: TimelineEvent[], withAround: boolean): { story: Story; events: TimelineEvent[] } {
  const first = useMemo(() => storyOf(own), [own]);
  const open = first.ended === undefined;
  const live = useQuery({ ...liveCallsQuery, enabled: open && first.started !== undefined });
  const ids = new Set(own.map((e) => e.call_uid));
  const isLive = open && (live.data?.items.some((c) => ids.has(c.call_uid)) ?? false);
  const now = useNow();
  const around = useAround(first, own);
  const events = useMemo(() => {
    const mine = corrected(own, around);
    return withAround ? mergeAround(mine, around, spanAround(first)) : mine;
  }, [own, around, withAround, first]);
  const liveAt = isLive ? Math.max(now, first.span.to) : undefined;
  const story = useMemo(() => storyOf(events, liveAt === undefined ? {} : { liveAt }), [events, liveAt]);
  return { story, events };
}

const itemsOf = (results: { data: Timeline | undefined }[]): TimelineEvent[][] =>
  results.map((r) => r.data?.items ?? []);

/** What the call's agents and their devices did around it, and as long as it has events. */
function useAround(story: Story, own: TimelineEvent[]): TimelineEvent[][] {
  const { from, to } = spanAround(story);
  const span = {
    from_ms: Math.min(from, own[0]?.time_ms ?? from),
    to_ms: Math.max(to, own.at(-1)?.time_ms ?? to),
    limit: 1_000,
  };
  const agents = [...new Set(story.parts.map((p) => p.agent))].slice(0, MOST_AGENTS);
  const enabled = story.started !== undefined;
  const ofAgents = useQueries({
    queries: agents.map((agent) => ({
      ...timelineQuery("agent", agent, span),
      structuralSharing: keepSame,
      enabled,
    })),
    combine: itemsOf,
  });
  const devices = useMemo(() => devicesOf(ofAgents.flat()), [ofAgents]);
  const ofDevices = useQueries({
    queries: devices.map((device) => ({
      ...timelineQuery("device", device, span),
      structuralSharing: keepSame,
      enabled,
    })),
    combine: itemsOf,
  });
  return useMemo(() => [...ofAgents, ...ofDevices], [ofAgents, ofDevices]);
}

const MOST_ASKED = 6;

/** Open alerts that found something on events of this call. */
export function useCallAlerts(story: Story, own: TimelineEvent[], uid: string): Alert[] {
  const { rules, ids } = useMemo(() => ({ rules: rulesOf(own), ids: new Set(own.map((e) => e.event_id)) }), [own]);
  const lists = useQueries({
    queries: entitiesOf(story, uid)
      .slice(0, MOST_ASKED)
      .map(([entity_kind, entity_value]) => ({
        ...alertsQuery({ entity_kind, entity_value, status: "open,acknowledged", order: "most_severe", limit: 50 }),
        enabled: rules.size > 0,
      })),
  });
  const span = { from: own[0]?.time_ms ?? 0, to: own.at(-1)?.time_ms ?? 0 };
  const found = new Map<string, Alert>();
  for (const alert of lists.flatMap((l) => l.data?.items ?? [])) {
    if (overlaps(alert, span)) found.set(alert.id, alert);
  }
  const candidates = [...found.values()].slice(0, MOST_ASKED);
  const details = useQueries({ queries: candidates.map((alert) => alertQuery(alert.id)) });
  return candidates
    .filter((_, i) => {
      const detail = details[i]?.data;
      return detail !== undefined && concerns(detail, ids, rules);
    })
    .sort((a, b) => b.severity_id - a.severity_id || b.last_time_ms - a.last_time_ms);
}
