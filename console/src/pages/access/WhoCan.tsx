/** The question the other way round: who may do this, there? The address keeps what was asked. */
import { Autocomplete, Badge, Select, SimpleGrid, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { peopleQuery, servicesQuery, sourcesQuery, whoMayQuery } from "../../api/queries";
import { useMay } from "../../app/session";
import { brief } from "../../lib/format";
import { heldWords, programWords } from "../../lib/roles";
import { PrincipalName } from "../../ui/PrincipalName";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import { Rows } from "../../ui/Rows";
import { Why } from "./Why";

export function WhoCan({ actions }: { actions: Schemas["Policies"]["actions"] }) {
  const search = useSearch({ from: "/access" });
  const navigate = useNavigate({ from: "/access" });
  const sources = useQuery(sourcesQuery);
  const programs = [...new Set(["*", "default", ...(sources.data?.items ?? []).map((source) => source.program)])];
  const { action, program = "*" } = search;
  const decides = useMay("decision:read");
  const people = useQuery(peopleQuery);
  const services = useQuery({ ...servicesQuery, enabled: useMay("service:read") });
  const known = [...(people.data?.items ?? []), ...(services.data?.items ?? [])].map(({ id, name }) => ({
    value: id,
    label: brief(name, 128),
  }));
  const [typed, setTyped] = useState(program);
  const ask = (change: { action?: string; program?: string }) =>
    void navigate({ search: { ...search, program, ...change }, replace: true });
  return (
    <>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" maw={640} mb="sm">
        <Select
          label="Who may…"
          placeholder="hear recordings, for example"
          searchable
          data={actions.map(({ action, words }) => ({ value: action, label: words }))}
          value={action ?? null}
          onChange={(action) => action && ask({ action })}
        />
        <Autocomplete
          label="in which program ( * is all )"
          data={programs}
          value={typed}
          maxLength={128}
          onChange={setTyped}
          onOptionSubmit={(program) => ask({ program })}
          onBlur={() => typed.trim() !== program && typed.trim() !== "" && ask({ program: typed.trim() })}
          onKeyDown={(event) => event.key === "Enter" && typed.trim() !== "" && ask({ program: typed.trim() })}
        />
      </SimpleGrid>
      {decides && action !== undefined && (
        <Select
          label="Why may, or may not…"
          placeholder="anybody: all who may are listed"
          searchable
          clearable
          maw={640}
          mb="sm"
          data={known}
          value={search.id ?? null}
          onChange={(id) => void navigate({ search: { ...search, program, id: id ?? undefined }, replace: true })}
        />
      )}
      {action !== undefined &&
        (decides && search.id !== undefined ? (
          <Why key={search.id} id={search.id} action={action} program={program} />
        ) : (
          <Answer action={action} program={program} />
        ))}
    </>
  );
}

function Answer({ action, program }: { action: string; program: string }) {
  const query = useQuery(whoMayQuery(action, program));
  return (
    <Asked query={query} loading={<Loading rows={3} />}>
      {({ words, items }) =>
        items.length === 0 ? (
          <Empty title="Nobody">
            Nobody may {words} in {programWords(program)}.
          </Empty>
        ) : (
          <>
            <Text size="sm" mb="xs" role="status">
              {items.length} may {words} in {programWords(program)}.
            </Text>
            <Rows label="Who may" columns={["Who", "When", "By which role", "Last seen"]} wide={560}>
              {items.map((who) => (
                <Table.Tr key={who.id}>
                  <Table.Td>
                    <PrincipalName id={who.id} name={who.name} kind={who.kind} />{" "}
                    {who.kind !== "person" && (
                      <Badge variant="default" tt="none">
                        a token
                      </Badge>
                    )}
                  </Table.Td>
                  <Table.Td>{whenWords(who.when)}</Table.Td>
                  <Table.Td>{who.roles.map(heldWords).join(", ")}</Table.Td>
                  <Table.Td>{who.last_used_ms === null ? "never" : <When ms={who.last_used_ms} />}</Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          </>
        )
      }
    </Asked>
  );
}

const WHENS = {
  always: "always",
  sometimes: "on a call, in its wrap-up, or with a stated reason",
  in_reserve: "in reserve: after breaking the glass",
} as const;

/** `sometimes` as people say it. */
export const whenWords = (when: keyof typeof WHENS): string => WHENS[when];
