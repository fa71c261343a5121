/** Names to choose from: there is no list of people or programs yet, but the alerts at hand have some. */
import { type InfiniteData, type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { AlertPage } from "./rows";

function namesIn(client: QueryClient): { programs: string[]; assignees: string[] } {
  const programs = new Set<string>();
  const assignees = new Set<string>();
  for (const [, data] of client.getQueriesData<InfiniteData<AlertPage>>({ queryKey: ["alerts", "pages"] })) {
    for (const page of data?.pages.slice(0, 4) ?? []) {
      for (const { program, assignee } of page.items) {
        programs.add(program);
        if (assignee !== null) assignees.add(assignee);
      }
    }
  }
  return { programs: [...programs].sort(), assignees: [...assignees].sort() };
}

/** As they were when the field opened. */
export function useNames(): { programs: string[]; assignees: string[] } {
  const client = useQueryClient();
  const [names] = useState(() => namesIn(client));
  return names;
}
