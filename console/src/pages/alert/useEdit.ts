/** Edits of one alert: shown at once, taken back when the server says no, never over somebody else's. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { type Alert, type AlertDetail, alertQuery } from "../../api/queries";
import { sayProblem } from "../alerts/problem";
import { edited } from "../alerts/rows";

type Edit = Schemas["AlertEdit"];

export interface Edits {
  /** Resolves when it is done; throws when it is not. */
  run: (edit: Edit) => Promise<void>;
  /** The same, where the page itself shows what went wrong. */
  go: (edit: Edit) => void;
  wrong: string | undefined;
  forget: () => void;
}

export function useEdit(id: string): Edits {
  const client = useQueryClient();
  const [wrong, setWrong] = useState<string>();
  const run = useCallback(
    async (edit: Edit) => {
      const { queryKey } = alertQuery(id);
      const before = client.getQueryData(queryKey);
      if (!before) return;
      setWrong(undefined);
      const show = (alert: Alert) =>
        client.setQueryData(queryKey, (now: AlertDetail | undefined) => now && { ...now, alert });
      // A verdict is only shown when it is kept.
      if (edit.action === "acknowledge" || edit.action === "assign") {
        await client.cancelQueries({ queryKey });
        show(edited(before.alert, edit, Date.now()));
      }
      // A note takes nothing away from anybody, so it needs no guard.
      const guard = edit.action === "note" ? {} : { "If-Match": `"${before.alert.version}"` };
      try {
        const done = await ask(
          api.POST("/api/v1/alerts/{id}/edit", { params: { path: { id }, header: guard }, body: edit }),
        );
        show(done.alert);
      } catch (error) {
        show(before.alert);
        throw error;
      } finally {
        void client.invalidateQueries({ queryKey });
        void client.invalidateQueries({ queryKey: ["alerts", "page"] });
      }
    },
    [client, id],
  );
  const go = useCallback(
    (edit: Edit) => {
      run(edit).catch((error: unknown) => setWrong(sayProblem(error)));
    },
    [run],
  );
  return { run, go, wrong, forget: () => setWrong(undefined) };
}
