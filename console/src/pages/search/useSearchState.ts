/** What is searched for, as the address says, and when it was asked. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo, useState } from "react";
import { useClock } from "./run";
import { DEFAULT_FIELD, format, kept, parse, type State } from "./state";

/** `ask` asks anew and can be gone back from; `look` only changes what of the answer is shown. */
export type Go = (change: Partial<State>, how?: "ask" | "look") => void;

/** What of a state makes the question. */
const questionOf = (state: State): string => JSON.stringify(kept({ ...state, field: DEFAULT_FIELD }));

export function useSearchState(): { state: State; at: number; go: Go } {
  const params = useSearch({ from: "/search" });
  const clock = useClock();
  const navigate = useNavigate({ from: "/search" });
  const state = useMemo(() => parse(params), [params]);
  // "The last hour" ends when it was asked. Going back shows what was there; a reload asks anew.
  const [entered] = useState(clock);
  const [asked, setAsked] = useState<ReadonlyMap<string, number>>(new Map());
  const go = useCallback<Go>(
    (change, how = "ask") => {
      const look = how === "look";
      const next = { ...state, ...(look || "row" in change ? {} : { row: undefined }), ...change };
      if (!look) setAsked((map) => new Map([...map].slice(-50)).set(questionOf(next), clock()));
      void navigate({ search: format(next), replace: look, resetScroll: false });
    },
    [navigate, state, clock],
  );
  return { state, at: asked.get(questionOf(state)) ?? entered, go };
}
