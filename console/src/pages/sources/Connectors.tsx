/** Connectors to platforms in the cloud: how far each has come, and what was last wrong. */
import { Button, Group, Paper, Table, Text } from "@mantine/core";
import { count, plural } from "../../lib/format";
import { Section } from "../../ui/Page";
import { TrustShape } from "../../ui/TrustLight";
import { When } from "../../ui/When";
import { type Connector, connectorState } from "./states";

export function Connectors({ connectors, connect }: { connectors: Connector[]; connect: (what?: string) => void }) {
  const sorted = [...connectors].sort((a, b) => b.failing - a.failing || a.name.localeCompare(b.name));
  return (
    <Section title="Connectors to cloud platforms">
      {sorted.length === 0 ? (
        <Paper p="md">
          <Group justify="space-between" gap="sm">
            <Text size="sm" c="dimmed">
              No cloud platform is connected. Genesys, Amazon Connect, Twilio, Five9, Okta, Entra ID, Salesforce and
              CloudTrail can be asked.
            </Text>
            <Button variant="default" size="xs" onClick={() => connect()}>
              Connect one
            </Button>
          </Group>
        </Paper>
      ) : (
        <Paper style={{ overflow: "hidden" }}>
          <Table horizontalSpacing={8} aria-label="Connectors">
            <Table.Thead style={{ whiteSpace: "nowrap" }}>
              <Table.Tr>
                <Table.Th>Connector</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th className="rf-num" visibleFrom="sm">
                  Last success
                </Table.Th>
                <Table.Th className="rf-num" visibleFrom="sm">
                  Accepted
                </Table.Th>
                <Table.Th className="rf-num" visibleFrom="md">
                  Rejected
                </Table.Th>
                <Table.Th visibleFrom="md">How far it has come</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sorted.map((connector) => (
                <ConnectorRow key={connector.name} connector={connector} />
              ))}
            </Table.Tbody>
          </Table>
        </Paper>
      )}
    </Section>
  );
}

function ConnectorRow({ connector }: { connector: Connector }) {
  const state = connectorState(connector);
  const { counters } = connector;
  return (
    <Table.Tr style={{ verticalAlign: "top" }}>
      <Table.Td>
        <Text size="sm" fw={600} className="rf-outside">
          {connector.name}
        </Text>
        <Text size="xs" c="dimmed" className="rf-outside">
          {connector.vendor} · {connector.program} / {connector.site}
          {connector.push && " · takes what is sent"}
        </Text>
      </Table.Td>
      <Table.Td style={{ maxWidth: 420 }}>
        <Group gap={6} wrap="nowrap" align="flex-start">
          <TrustShape trust={state.trust} />
          <Text size="sm" fw={state.trust === "bad" ? 600 : 400}>
            {state.word}
          </Text>
        </Group>
        {connector.last_error && (
          <Text size="xs" c="dimmed" className="rf-outside">
            Last error <When ms={connector.last_error.at_ms} />: {connector.last_error.what}
          </Text>
        )}
        {(counters.throttled > 0 || counters.refused > 0) && (
          <Text size="xs" c="dimmed">
            {counters.throttled > 0 && <>Asked to slow down {plural(counters.throttled, "time")}. </>}
            {counters.refused > 0 && (
              <>{plural(counters.refused, "message")} refused: the sender did not prove who it is.</>
            )}
          </Text>
        )}
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="sm">
        {connector.last_success_ms === null ? "never" : <When ms={connector.last_success_ms} />}
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="sm">
        {count(counters.accepted)}
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="md">
        {count(counters.rejected)}
      </Table.Td>
      <Table.Td visibleFrom="md">
        {connector.streams.length === 0 ? (
          <Text size="sm" c="dimmed">
            not begun
          </Text>
        ) : (
          connector.streams.map((stream) => (
            <Text key={stream.name} size="sm">
              {stream.name}: all before <When ms={stream.since_ms} />
              {stream.in_window && " · fetching"}
            </Text>
          ))
        )}
      </Table.Td>
    </Table.Tr>
  );
}
