/** Notes and history as one story, newest first. */
import type { Schemas } from "../../api/client";
import { plural } from "../../lib/format";
import { verdictWord } from "../../ui/AlertStatus";
import { severityWord } from "../../ui/Severity";

export interface Activity {
  key: string;
  at_ms: number;
  actor: string;
  /** What the actor did: `closed it as benign`. */
  did: string;
  /** What was said with it. */
  text?: string;
  kind: "note" | "change";
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

/** One entry of the history, or nothing for one that a note tells better. */
export function sayChange(
  { action, detail }: Pick<Schemas["AlertHistory"], "action" | "detail">,
  ruleTitle: (id: string) => string | undefined,
): { did: string; text?: string } | undefined {
  const said = (typeof detail === "object" && detail !== null ? detail : {}) as Record<string, unknown>;
  switch (action) {
    case "opened": {
      const rule = text(said["rule_id"]);
      const title = rule === undefined ? undefined : ruleTitle(rule);
      return { did: title ? `opened it: ${title}` : "opened it" };
    }
    case "escalated": {
      const from = severityWord(Number(said["from"] ?? 0)).toLowerCase();
      const to = severityWord(Number(said["to"] ?? 0)).toLowerCase();
      return { did: `raised it from ${from} to ${to}` };
    }
    case "more_findings": {
      const n = Number(said["count"] ?? 0);
      return { did: n > 0 ? `added ${plural(n, "finding")}` : "added findings" };
    }
    case "acknowledged":
      return { did: "acknowledged it" };
    case "reopened":
      return { did: "opened it again" };
    case "assigned": {
      const to = text(said["to"]);
      const from = text(said["from"]);
      if (to === undefined) return { did: from ? `took it from ${from}; nobody has it` : "assigned it to nobody" };
      return { did: from ? `passed it from ${from} to ${to}` : `assigned it to ${to}` };
    }
    case "closed": {
      const verdict = text(said["verdict"]);
      const was = text(said["was"]);
      const reason = text(said["reason"]);
      const word = verdict ? verdictWord(verdict).toLowerCase() : undefined;
      const did = was
        ? `changed the verdict from ${verdictWord(was).toLowerCase()} to ${word ?? "another"}`
        : `closed it${word ? ` as ${word}` : ""}`;
      return reason === undefined ? { did } : { did, text: reason };
    }
    case "noted":
      return undefined;
    default:
      return { did: action.replaceAll("_", " ") };
  }
}

export function activityOf(
  notes: readonly Schemas["AlertNote"][],
  history: readonly Schemas["AlertHistory"][],
  ruleTitle: (id: string) => string | undefined,
): Activity[] {
  const all: Activity[] = notes.map((note) => ({
    key: note.id,
    at_ms: note.at_ms,
    actor: note.actor,
    did: "wrote",
    text: note.text,
    kind: "note",
  }));
  for (const [i, entry] of history.entries()) {
    const said = sayChange(entry, ruleTitle);
    if (said) all.push({ key: `h${i}`, at_ms: entry.at_ms, actor: entry.actor, ...said, kind: "change" });
  }
  // Of the same moment the later written stands above.
  return all
    .map((entry, i) => ({ entry, i }))
    .sort((a, b) => b.entry.at_ms - a.entry.at_ms || b.i - a.i)
    .map((x) => x.entry);
}
