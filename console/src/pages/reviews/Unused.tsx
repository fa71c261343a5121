/** Who was not here for long, and roles of which nothing was used. */
import { Badge, Group, SegmentedControl, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { unusedQuery } from "../../api/queries";
import { plural } from "../../lib/format";
import { heldWords } from "../../lib/roles";
import { useActionWords } from "../../lib/rights";
import { PrincipalName } from "../../ui/PrincipalName";
import { Rows } from "../../ui/Rows";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";

const DAYS = ["30", "90", "180"];

export function Unused() {
  const [days, setDays] = useState("90");
  const query = useQuery(unusedQuery(Number(days)));
  return (
    <>
      <SegmentedControl
        size="xs"
        mb="xs"
        aria-label="For how many days"
        data={DAYS.map((value) => ({ value, label: `${value} days` }))}
        value={days}
        onChange={setDays}
      />
      <Asked
        query={query}
        loading={<Loading rows={3} />}
        empty={({ dormant, roles, noted_since_ms }) =>
          dormant.length + roles.length === 0 && (
            <Empty mood="calm" title="Everything was needed, as far as is known">
              Uses of rights are noted since <When ms={noted_since_ms} />; a role of which less is known than {days}{" "}
              days is not listed.
            </Empty>
          )
        }
      >
        {({ dormant, roles }) => (
          <Rows label="What nobody needed" columns={["Who", "What", "What of it was not used", "Last seen"]} wide={680}>
            {dormant.map((who) => (
              <Table.Tr key={who.id}>
                <Table.Td>
                  <Name id={who.id} name={who.name} kind={who.kind} />
                </Table.Td>
                <Table.Td>
                  <Badge variant="default" tt="none">
                    not here for {days} days
                  </Badge>
                </Table.Td>
                <Table.Td />
                <Table.Td>{who.last_used_ms === null ? "never" : <When ms={who.last_used_ms} />}</Table.Td>
              </Table.Tr>
            ))}
            {roles.map((role) => (
              <Table.Tr key={role.id}>
                <Table.Td>
                  <Name id={role.principal_id} name={role.name} kind={role.kind} />
                </Table.Td>
                <Table.Td>
                  <Text size="sm">{heldWords(role)}</Text>
                </Table.Td>
                <Table.Td miw={200}>
                  <NotUsed rights={role.rights} />
                </Table.Td>
                <Table.Td />
              </Table.Tr>
            ))}
          </Rows>
        )}
      </Asked>
    </>
  );
}

function Name({ id, name, kind }: { id: string; name: string; kind: Schemas["Dormant"]["kind"] }) {
  return (
    <Group gap={6}>
      <PrincipalName id={id} name={name} kind={kind} />
      {kind !== "person" && (
        <Badge variant="default" tt="none">
          a token
        </Badge>
      )}
    </Group>
  );
}

/** Which rights of a role were not used, the whole list behind a click. */
export function NotUsed({ rights }: { rights: Schemas["RoleUse"] }) {
  const words = useActionWords();
  if (rights.superfluous)
    return (
      <Text size="sm" c="dimmed">
        their other roles give all of it
      </Text>
    );
  if (rights.unused.length === 0)
    return (
      <Text size="sm" c="dimmed">
        all of it was used
      </Text>
    );
  return (
    <details>
      <summary style={{ cursor: "pointer" }}>
        <Text span size="sm">
          {rights.used.length === 0 ? "nothing was used" : `${plural(rights.unused.length, "right")} not used`}
        </Text>
      </summary>
      <Text size="xs" c="dimmed">
        since <When ms={rights.since_ms} />: {rights.unused.map(words).join(", ")}
      </Text>
    </details>
  );
}
