/** Calls of the last while, as a table that grows on demand. */
import { Button, Group, Table, Text } from "@mantine/core";
import { IconArrowsExchange, IconPhoneIncoming, IconPhoneOutgoing } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { sqlQuery } from "../../api/queries";
import { count } from "../../lib/format";
import { clockTime, dayTime, exact, lasting } from "../../lib/time";
import { EntityChip } from "../../ui/EntityChip";
import { Asked, Empty, Loading } from "../../ui/States";
import { useNow } from "../../ui/When";
import classes from "./Calls.module.css";
import { Dash } from "./LiveCalls";
import { LASTS, LAST_WORDS, type Last, type RecentCall, recentCall, recentSql } from "./recent";
import { OUTCOME_WORDS } from "./words";

const MOST = 1_000;
const PAGE = 50;

const DIRECTIONS = {
  inbound: { word: "Inbound", icon: IconPhoneIncoming },
  outbound: { word: "Outbound", icon: IconPhoneOutgoing },
  internal: { word: "Internal", icon: IconArrowsExchange },
} as const;

export function RecentCalls({ last, text, wider }: { last: Last; text: string; wider: (last: Last) => void }) {
  const now = useNow();
  const query = useQuery({ ...sqlQuery(recentSql(last, text, now), MOST), placeholderData: keepPreviousData });
  return (
    <Asked
      query={query}
      loading={<Loading rows={6} height={34} />}
      empty={(data) => data.rows.length === 0 && <NoRecentCall last={last} text={text} wider={wider} />}
    >
      {(data) => <Listed key={text} rows={data.rows} truncated={data.truncated} />}
    </Asked>
  );
}

function NoRecentCall({ last, text, wider }: { last: Last; text: string; wider: (last: Last) => void }) {
  const next = LASTS[LASTS.indexOf(last) + 1];
  const span = last === "1h" ? "the last hour" : `the last ${LAST_WORDS[last]}`;
  return (
    <Empty title={text.trim() === "" ? `No call began in ${span}` : `No call of ${span} names this`}>
      {next ? (
        <Button mt="xs" variant="default" onClick={() => wider(next)}>
          Look at the last {LAST_WORDS[next]}
        </Button>
      ) : (
        "Older calls are found by agent, customer or number with Ctrl-K."
      )}
    </Empty>
  );
}

function Listed({ rows, truncated }: { rows: Record<string, unknown>[]; truncated: boolean }) {
  const now = useNow();
  const [most, setMost] = useState(PAGE);
  const calls = useMemo(() => rows.map((row) => recentCall(row, now)), [rows, now]);
  const shown = calls.slice(0, most);
  return (
    <>
      <div className={classes["frame"]}>
        <Table aria-label="Recent calls, newest first" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th w={{ base: 88, sm: 130 }}>Call</Table.Th>
              <Table.Th w={{ base: "28%", sm: "20%" }}>Agent</Table.Th>
              <Table.Th>Who was on the line</Table.Th>
              <Table.Th w="18%" visibleFrom="xs">
                How it ended
              </Table.Th>
              <Table.Th w={120} className="rf-num" visibleFrom="xs">
                Talked
              </Table.Th>
              <Table.Th w="14%" visibleFrom="lg">
                Program / site
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {shown.map((call) => (
              <CallRow key={call.uid} call={call} now={now} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <Group justify="space-between" mt="xs" gap="xs">
        <Text size="sm" c="dimmed">
          {count(shown.length)} of {truncated ? `more than ${count(calls.length)}` : count(calls.length)} calls, newest
          first
        </Text>
        {most < calls.length && (
          <Button size="xs" variant="default" onClick={() => setMost(most + PAGE)}>
            Show {Math.min(PAGE, calls.length - most)} more
          </Button>
        )}
      </Group>
    </>
  );
}

function CallRow({ call, now }: { call: RecentCall; now: number }) {
  const direction = DIRECTIONS[call.direction as keyof typeof DIRECTIONS] as
    (typeof DIRECTIONS)[keyof typeof DIRECTIONS] | undefined;
  return (
    <Table.Tr>
      <Table.Td>
        <Link to="/calls/$uid" params={{ uid: call.uid }} className={classes["open"]}>
          <time dateTime={new Date(call.began).toISOString()} title={exact(call.began)}>
            {now - call.began < 43_200_000 ? clockTime(call.began) : dayTime(call.began)}
          </time>
        </Link>
        {direction && (
          <Group gap={4} wrap="nowrap" component="span">
            <direction.icon size={13} aria-hidden="true" />
            <Text span size="xs" c="dimmed">
              {direction.word}
            </Text>
          </Group>
        )}
        <Text size="xs" c="dimmed" hiddenFrom="xs">
          {OUTCOME_WORDS[call.outcome]}
          {call.talked !== undefined && `, ${lasting(call.talked)}`}
        </Text>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {call.agents.slice(0, 3).map((agent) => (
            <EntityChip key={agent} kind="agent" value={agent} size="xs" />
          ))}
          {call.agents.length > 3 && <Text size="xs">and {call.agents.length - 3} more</Text>}
          {call.agents.length === 0 && <Dash />}
        </Group>
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          {call.number !== "" && <EntityChip kind="number" value={call.number} size="xs" />}
          {call.customer !== "" && <EntityChip kind="customer" value={call.customer} size="xs" />}
          {call.number === "" && call.customer === "" && <Dash />}
        </Group>
      </Table.Td>
      <Table.Td visibleFrom="xs">
        <Text size="sm">
          {OUTCOME_WORDS[call.outcome]}
          {call.transferred && ", transferred"}
        </Text>
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="xs">
        {call.talked === undefined ? <Dash /> : lasting(call.talked)}
      </Table.Td>
      <Table.Td visibleFrom="lg">
        <Text size="sm" c="dimmed" className="rf-outside rf-clip">
          {call.place}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
