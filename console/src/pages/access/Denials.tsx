/** What was denied, to whom and why: to agents in other applications, and to programs here. */
import { Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type Row, sqlQuery } from "../../api/queries";
import { brief } from "../../lib/format";
import { moment, textOf } from "../../lib/sql";
import { EntityChip } from "../../ui/EntityChip";
import { Rows } from "../../ui/Rows";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import { useState } from "react";

const MOST = 50;
const DAY = 86_400_000;

const sql = (from: number) => `SELECT time, program, agent, customer, user_name,
  ocsf_get(ocsf, 'api.operation') AS operation, ocsf_get(ocsf, 'status_detail') AS reason,
  ocsf_get(ocsf, 'actor.app_name') AS asker
FROM events
WHERE class_uid = 6003 AND source = 'ringfence' AND status_id = 2 AND time >= ${moment(from)}
ORDER BY time DESC LIMIT ${MOST}`;

const text = (row: Row, name: string): string => textOf(row[name]);

export function Denials() {
  // The moment at which the page was opened: the question stays the same, and its answer is kept.
  const [from] = useState(() => Date.now() - DAY);
  const query = useQuery({ ...sqlQuery(sql(from), MOST), refetchInterval: 15_000, staleTime: 5_000 });
  return (
    <Asked
      query={query}
      loading={<Loading rows={3} />}
      empty={({ rows }) =>
        rows.length === 0 && (
          <Empty mood="calm" title="Nothing was denied">
            Nobody was refused anything here, nor by an application that asked.
          </Empty>
        )
      }
    >
      {({ rows }) => (
        <>
          <Rows label="What was denied" columns={["When", "Who", "What", "Why not"]} wide={640}>
            {rows.map((row, at) => (
              <Denied key={at} row={row} />
            ))}
          </Rows>
          {rows.length === MOST && (
            <Text size="xs" c="dimmed" p="xs">
              The newest {MOST}. Search has all of them: class_uid = 6003.
            </Text>
          )}
        </>
      )}
    </Asked>
  );
}

function Denied({ row }: { row: Row }) {
  const [agent, customer] = [text(row, "agent"), text(row, "customer")];
  return (
    <Table.Tr>
      <Table.Td>
        <When ms={Date.parse(text(row, "time"))} />
      </Table.Td>
      <Table.Td>
        {agent ? <EntityChip kind="agent" value={agent} /> : brief(text(row, "asker") || text(row, "user_name"))}
        {agent !== "" && (
          <Text size="xs" c="dimmed" className="rf-outside">
            asked by {brief(text(row, "asker"))}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" ff="monospace" className="rf-outside">
          {brief(text(row, "operation"), 60)}
        </Text>
        {customer !== "" && <EntityChip kind="customer" value={customer} size="xs" />}
      </Table.Td>
      <Table.Td miw={220}>
        <Text size="sm" className="rf-outside">
          {brief(text(row, "reason"), 400)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
