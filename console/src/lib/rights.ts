/** Actions as people say them. */
import { useQuery } from "@tanstack/react-query";
import { policiesQuery } from "../api/queries";

/** `recording:listen`: `hear recordings`; the name itself as long as the words are not there. */
export function useActionWords(): (action: string) => string {
  const { data } = useQuery(policiesQuery);
  return (action) => data?.actions.find((known) => known.action === action)?.words ?? action;
}
