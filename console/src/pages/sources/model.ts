/** Sources as one list: what the server counts of them and how they are declared, worst first. */
import type { Schemas } from "../../api/client";
import { count, plural } from "../../lib/format";
import type { Trust } from "../../ui/TrustLight";

export type Status = Schemas["Status"];
export type Declared = Schemas["Source"];
export type Counts = Schemas["SourceStanding"]["count"];

/** How a source stands, the worst first: this is also the order of the list. */
export const VERDICTS = ["silent", "lossy", "refusing", "never", "unknown", "heard", "unwatched", "off"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface SourceView {
  /** `program/name`: the name alone is only unique in its program. */
  key: string;
  name: string;
  program: string;
  site: string;
  verdict: Verdict;
  /** Counted since the server started; absent when nothing came since. */
  count: Counts | undefined;
  lastMs: number | null;
  /** Absent for what is built in, such as events sent with the token of automation. */
  declared: Declared | undefined;
}

export const NO_COUNTS: Counts = {
  accepted: 0,
  duplicates: 0,
  rejected: 0,
  lost: 0,
  bytes: 0,
  last_heard_ms: null,
};

export const keyOf = (program: string, name: string): string => `${program}/${name}`;

/** What the configuration file declares is changed there, and has no credential. */
export const isOfConfig = (source: Declared): boolean => source.id.startsWith("config.");

/** The server's clock: silence is judged by it, not by the clock of this machine. */
export const serverNow = (status: Status): number => status.started_ms + status.uptime_secs * 1_000;

function verdictOf(
  standing: string | null | undefined,
  counts: Counts | undefined,
  declared: Declared | undefined,
  status: Status,
): Verdict {
  if (declared && declared.disabled_ms !== null) return "off";
  if (standing === "silent" || (declared && overdue(declared, counts, status))) return "silent";
  if (counts && counts.lost > 0) return "lossy";
  if (counts && counts.rejected > 0) return "refusing";
  if (!declared && !standing) return "unwatched";
  const ever = (counts?.last_heard_ms ?? null) !== null || (declared?.last_seen_ms ?? null) !== null;
  if (!ever) return "never";
  return standing === "heard" ? "heard" : "unknown";
}

/**
 * The status names only sources that have sent since the start. One that should have and did not is
 * silent all the same: the watch begins with the start of the server.
 */
function overdue(declared: Declared, counts: Counts | undefined, status: Status): boolean {
  if (counts || declared.expect_every_secs === null) return false;
  const since = Math.max(declared.last_seen_ms ?? 0, declared.created_ms, status.started_ms);
  return serverNow(status) - since > declared.expect_every_secs * 1_000;
}

/** Everything that sends or should, silent and lossy sources first. */
export function joined(status: Status, declared: Declared[]): SourceView[] {
  const counted = new Map(status.sources.map((s) => [keyOf(s.program, s.source), s]));
  const views: SourceView[] = declared.map((source) => {
    const key = keyOf(source.program, source.name);
    const there = counted.get(key);
    counted.delete(key);
    const last = Math.max(there?.count.last_heard_ms ?? 0, source.last_seen_ms ?? 0);
    return {
      key,
      name: source.name,
      program: source.program,
      site: source.site,
      verdict: verdictOf(there?.standing, there?.count, source, status),
      count: there?.count,
      lastMs: last > 0 ? last : null,
      declared: source,
    };
  });
  for (const [key, there] of counted) {
    views.push({
      key,
      name: there.source,
      program: there.program,
      site: there.site,
      verdict: verdictOf(there.standing, there.count, undefined, status),
      count: there.count,
      lastMs: there.count.last_heard_ms,
      declared: undefined,
    });
  }
  return views.sort(worstFirst);
}

export function worstFirst(a: SourceView, b: SourceView): number {
  return (
    VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) ||
    (b.count?.lost ?? 0) - (a.count?.lost ?? 0) ||
    (b.count?.rejected ?? 0) - (a.count?.rejected ?? 0) ||
    a.key.localeCompare(b.key)
  );
}

const SIGNS: Record<Verdict, { trust: Trust; word: string; why: string }> = {
  silent: { trust: "bad", word: "Silent", why: "It should have sent something by now and did not." },
  lossy: { trust: "bad", word: "Losing records", why: "Some of its records were lost before they could be kept." },
  refusing: { trust: "care", word: "Partly refused", why: "Some of its records could not be read or are not allowed." },
  never: { trust: "unseen", word: "Never heard", why: "It has never sent anything." },
  unknown: {
    trust: "unseen",
    word: "Not known yet",
    why: "It has not been heard often enough since the start to know which pauses are usual.",
  },
  heard: { trust: "good", word: "Heard", why: "It sends as expected." },
  unwatched: {
    trust: "unseen",
    word: "Not watched",
    why: "Built in: what is sent with the token of RINGFENCE_ADMIN_TOKEN. Its silence means nothing.",
  },
  off: { trust: "unseen", word: "Switched off", why: "A person disabled it: what it sends is refused." },
};

export const signOf = (verdict: Verdict): { trust: Trust; word: string; why: string } => SIGNS[verdict];

/** Whether anything has been heard of anybody. Without that, nothing can be judged. */
export const isBlind = (views: SourceView[]): boolean => views.every((view) => view.lastMs === null);

/** The whole list in one sentence, the worst first. */
export function summary(views: SourceView[]): string {
  const parts = VERDICTS.flatMap((verdict) => {
    const n = views.filter((view) => view.verdict === verdict).length;
    return n > 0 ? [`${count(n)} ${SIGNS[verdict].word.toLowerCase()}`] : [];
  });
  if (views.length === 0) return "No source is connected";
  return `${plural(views.length, "source")}: ${parts.join(", ")}`;
}

/** `15 min`, `90 s`: an interval as somebody set it. */
export const interval = (secs: number): string =>
  secs % 3_600 === 0 ? `${secs / 3_600} h` : secs % 60 === 0 && secs > 60 ? `${secs / 60} min` : `${secs} s`;

/** What the alarm waits for, in words. */
export const expected = (secs: number | null | undefined): string => (secs ? `every ${interval(secs)}` : "learned");

/** Which of the list a person looks for. */
export function matching(views: SourceView[], text: string): SourceView[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return views.filter((view) => {
    const all =
      `${view.name} ${view.program} ${view.site} ${view.declared?.kind ?? ""} ${SIGNS[view.verdict].word}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

const CLASSES: Record<number, string> = {
  1007: "Process activity",
  2004: "Findings",
  3001: "Account changes",
  3002: "Authentication",
  4001: "Network activity",
  6001: "Record look-ups",
  6003: "API activity",
  99904001: "Calls",
  99904002: "Recording",
  99904003: "Consent",
  99904004: "Agent states",
  99904005: "SIP signalling",
};

/** An OCSF class as people name it, with its uid. */
export const className = (uid: number): string => (CLASSES[uid] ? `${CLASSES[uid]} (${uid})` : `class ${uid}`);

/** Classes that can be granted in the dialog, likeliest first. */
export const GRANTABLE = [6001, 99904001, 99904004, 99904002, 99904003, 99904005, 3002, 4001, 1007];

/** What a source may do, in a few words. */
export function may(declared: Declared | undefined): string {
  if (!declared) return "send everything";
  const what =
    declared.classes === "*"
      ? "send everything"
      : declared.classes.length === 0
        ? "send nothing"
        : `send ${declared.classes.map(className).join(", ")}`;
  const more = declared.grants.map((grant) => (grant === "call-state" ? "decide about calls" : grant));
  return [what, ...more].join("; ");
}
