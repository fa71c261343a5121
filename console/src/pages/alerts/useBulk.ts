/** Edits on many alerts at once, and what came of them. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { type Alert, sessionQuery } from "../../api/queries";
import { plural } from "../../lib/format";
import { verdictWord } from "../../ui/AlertStatus";
import { type View, toFilter } from "./filter";
import { sayProblem } from "./problem";
import { edited } from "./rows";
import { type Outcome, type Selection, type Summary, bulkFilter, summarise } from "./selection";

type Edit = Schemas["AlertEdit"];

/** The server takes so many ids at once. */
const MOST = 10_000;

export interface Told {
  tone: "done" | "bad";
  text: string;
  failed: { id: string; message: string; why: string }[];
  /** What was closed, as it was before. */
  before?: Alert[];
}

const DONE: Record<Edit["action"], (edit: Edit) => string> = {
  acknowledge: () => "acknowledged",
  reopen: () => "open again",
  note: () => "noted",
  close: (edit) => `closed: ${edit.action === "close" ? verdictWord(edit.verdict).toLowerCase() : ""}`,
  assign: (edit) => (edit.action === "assign" && edit.assignee ? `assigned to ${edit.assignee}` : "assigned to nobody"),
};

async function bulk(target: Schemas["Bulk"]["target"], edit: Edit): Promise<{ items: Outcome[]; more: boolean }> {
  return ask(api.POST("/api/v1/alerts/bulk", { body: { target, edit } }));
}

/** All chunks of a target, and whether some that match could not be reached. */
async function all(selection: Selection, view: View, me: string, edit: Edit): Promise<Summary & { rest: boolean }> {
  const items: Outcome[] = [];
  let rest = false;
  if (selection.all) {
    const filter = bulkFilter(toFilter(view, me), edit, selection.until_ms);
    while (filter) {
      const answer = await bulk({ filter }, edit);
      items.push(...answer.items);
      rest = answer.more;
      // What the edit does not take out of the filter would come back for ever.
      if (!answer.more || !answer.items.some((item) => item.outcome === "changed")) break;
    }
  } else {
    const ids = [...selection.ids];
    for (let at = 0; at < ids.length; at += MOST) {
      items.push(...(await bulk({ ids: ids.slice(at, at + MOST) }, edit)).items);
    }
  }
  return { ...summarise(items), rest };
}

export function useBulk({
  view,
  me,
  find,
  put,
}: {
  view: View;
  me: string;
  /** The alert of a loaded row. */
  find: (id: string) => Alert | undefined;
  put: (alerts: readonly Alert[]) => void;
}) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Told>();

  /** Gives the ids that failed; throws when nothing was done. */
  const run = useCallback(
    async (selection: Selection, edit: Edit): Promise<string[]> => {
      setBusy(true);
      setTold(undefined);
      const now = Date.now();
      const chosen = selection.all ? [] : [...selection.ids].flatMap((id) => find(id) ?? []);
      // Harmless steps show at once; a verdict waits for the server's word.
      const early = edit.action === "acknowledge" || edit.action === "assign" ? chosen : [];
      if (early.length > 0) put(early.map((alert) => edited(alert, edit, now)));
      const back = (ids: (id: string) => boolean) =>
        put(early.filter((a) => ids(a.id)).map((a) => ({ ...a, updated_ms: a.updated_ms + 2 })));
      try {
        const { changed, unchanged, failed, rest } = await all(selection, view, me, edit);
        const wrong = new Set(failed.map((f) => f.id));
        back((id) => wrong.has(id));
        put(changed.flatMap((id) => find(id) ?? []).map((alert) => edited(alert, edit, now)));
        const n = changed.length + unchanged;
        const parts = [
          n > 0 ? `${plural(n, "alert")} ${DONE[edit.action](edit)}.` : "Nothing was to do.",
          failed.length > 0 ? `${failed.length === 1 ? "One was" : `${failed.length} were`} not.` : "",
          rest ? "More match than can be done at once: narrow the filter for the rest." : "",
        ];
        const ids = new Set(changed);
        const before = edit.action === "close" ? chosen.filter((a) => ids.has(a.id) && a.status !== "closed") : [];
        setTold({
          tone: failed.length > 0 ? "bad" : "done",
          text: parts.filter(Boolean).join(" "),
          failed: failed.map(({ id, why }) => ({ id, why, message: find(id)?.message ?? id })),
          ...(before.length > 0 ? { before } : {}),
        });
        return failed.map((f) => f.id);
      } catch (error) {
        back(() => true);
        setTold({ tone: "bad", text: sayProblem(error), failed: [] });
        throw error;
      } finally {
        setBusy(false);
        void client.invalidateQueries({ queryKey: ["alerts", "page"] });
      }
    },
    [client, view, me, find, put],
  );

  const before = told?.before;
  const undo = useCallback(async () => {
    if (!before) return;
    setBusy(true);
    const ids = (alerts: readonly Alert[]) => ({ all: false as const, ids: new Set(alerts.map((a) => a.id)) });
    try {
      const opened = await all(ids(before), view, me, { action: "reopen" });
      const seen = before.filter((a) => a.status === "acknowledged");
      if (seen.length > 0) await all(ids(seen), view, me, { action: "acknowledge" });
      const back = new Set(opened.changed);
      put(before.filter((a) => back.has(a.id)).map((a) => ({ ...a, updated_ms: a.updated_ms + 3 })));
      setTold({ tone: "done", text: `${plural(opened.changed.length, "alert")} open again.`, failed: [] });
    } catch (error) {
      setTold({ tone: "bad", text: sayProblem(error), failed: [], before });
    }
    setBusy(false);
    void client.invalidateQueries({ queryKey: ["alerts", "page"] });
  }, [client, view, me, put, before]);

  /** The server's clock, as far as it is known here. */
  const serverNow = useCallback(() => {
    const state = client.getQueryState(sessionQuery.queryKey);
    return Date.now() + (state?.data ? state.data.now_ms - state.dataUpdatedAt : 0);
  }, [client]);

  return { run, undo, busy, told, forget: () => setTold(undefined), serverNow };
}
