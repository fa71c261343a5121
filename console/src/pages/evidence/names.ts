/** How people and services are called whom records name by ids. */
import { useQuery } from "@tanstack/react-query";
import { peopleQuery, servicesQuery } from "../../api/queries";
import { useMay } from "../../app/session";
import { brief } from "../../lib/format";

export type Names = ReadonlyMap<string, string>;

/** Those who have an account or a token now. */
export function useNames(): Names {
  const people = useQuery({ ...peopleQuery, enabled: useMay("person:read") });
  const services = useQuery({ ...servicesQuery, enabled: useMay("service:read") });
  const all = [...(people.data?.items ?? []), ...(services.data?.items ?? [])];
  return new Map(all.map(({ id, name }) => [id, brief(name, 128)]));
}
