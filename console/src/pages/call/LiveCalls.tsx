/** Calls that go on now, as a table; and what it means that there is none. */
import { Anchor, Group, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { sqlQuery, statusQuery } from "../../api/queries";
import { useSecond } from "../../lib/clock";
import { timeOf } from "../../lib/sql";
import { exact, lasting } from "../../lib/time";
import { EntityChip } from "../../ui/EntityChip";
import { Empty, Loading } from "../../ui/States";
import { TrustSign } from "../../ui/TrustLight";
import { When, useNow } from "../../ui/When";
import classes from "./Calls.module.css";
import { type LiveCall, heardSql, quiet } from "./recent";
import { judgeConsent, judgeEncryption, judgeRecording, stateWord } from "./words";

/** How long it goes on, in whole seconds: it ticks. */
const since = (call: LiveCall, now: number): string =>
  lasting(Math.max(Math.floor((now - call.since_ms) / 1_000) * 1_000, 0)).replace(".0 s", " s");

export function LiveCalls({ calls }: { calls: LiveCall[] }) {
  const now = useSecond();
  return (
    <div className={classes["frame"]}>
      <Table aria-label="Calls that go on now" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={{ base: 88, sm: 100 }}>Call</Table.Th>
            <Table.Th w={{ base: "28%", sm: "12%" }}>Agent</Table.Th>
            <Table.Th>Who is on the line</Table.Th>
            <Table.Th w={105} className="rf-num" visibleFrom="xs">
              For
            </Table.Th>
            <Table.Th w={140} visibleFrom="sm">
              Recording
            </Table.Th>
            <Table.Th w={132} visibleFrom="sm">
              Consent
            </Table.Th>
            <Table.Th w={132} visibleFrom="md">
              Encryption
            </Table.Th>
            <Table.Th w="13%" visibleFrom="lg">
              Program / site
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {calls.map((call) => (
            <Table.Tr key={`${call.program}/${call.call_uid}`}>
              <Table.Td>
                <Link to="/calls/$uid" params={{ uid: call.call_uid }} className={classes["open"]}>
                  {stateWord(call.state)}
                </Link>
                <Text size="xs" c="dimmed" hiddenFrom="xs">
                  {since(call, now)}
                </Text>
              </Table.Td>
              <Table.Td>{call.agent ? <EntityChip kind="agent" value={call.agent} size="xs" /> : <Dash />}</Table.Td>
              <Table.Td>
                <Group gap={4}>
                  {call.caller && <EntityChip kind="number" value={call.caller} size="xs" />}
                  {call.customer && <EntityChip kind="customer" value={call.customer} size="xs" />}
                  {!call.caller && !call.customer && <Dash />}
                </Group>
              </Table.Td>
              <Table.Td className="rf-num" title={exact(call.since_ms)} visibleFrom="xs">
                {since(call, now)}
              </Table.Td>
              <Table.Td visibleFrom="sm">
                <TrustSign {...judgeRecording(call.recording, call.consent)} />
              </Table.Td>
              <Table.Td visibleFrom="sm">
                <TrustSign {...judgeConsent(call.consent, call.recording)} />
              </Table.Td>
              <Table.Td visibleFrom="md">
                <TrustSign {...judgeEncryption(call.encrypted)} />
              </Table.Td>
              <Table.Td visibleFrom="lg">
                <Text size="sm" c="dimmed" className="rf-outside rf-clip">
                  {call.program} / {call.site}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

export const Dash = () => (
  <Text span c="dimmed" aria-label="not known">
    –
  </Text>
);

/** No call, or nobody who would tell of one: these must not look the same. */
export function NoLiveCall() {
  const now = useNow();
  const heard = useQuery({ ...sqlQuery(heardSql(now), 1), refetchInterval: 30_000 });
  const status = useQuery(statusQuery);
  if (heard.isPending) return <Loading rows={2} />;
  const row = heard.data?.rows[0];
  const at = timeOf(row?.["heard"]);
  if (heard.error) {
    return <Empty title="No call is going on">Whether telephony is heard could not be asked.</Empty>;
  }
  switch (quiet(at, now)) {
    case "never":
      return (
        <Empty mood="blind" title="Calls cannot be seen">
          {status.data?.sources.length === 0
            ? "No source is connected yet."
            : "No source has told of a call in 30 days."}{" "}
          Connect the telephony under{" "}
          <Anchor size="sm" renderRoot={(props) => <Link to="/sources" {...props} />}>
            Sources
          </Anchor>
          .
        </Empty>
      );
    case "silent":
      return (
        <Empty mood="blind" title="The telephony is silent">
          Its last word came {at !== null && <When ms={at} />}. Calls may go on that nobody tells us of. See{" "}
          <Anchor size="sm" renderRoot={(props) => <Link to="/sources" {...props} />}>
            Sources
          </Anchor>
          .
        </Empty>
      );
    case "calm":
      return (
        <Empty mood="calm" title="No call is going on">
          The telephony is heard, its last word came {at !== null && <When ms={at} />}.
        </Empty>
      );
  }
}
