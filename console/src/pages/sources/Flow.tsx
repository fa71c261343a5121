/** What becomes of events once they are in: consumers of the event log, the log itself, the lake. */
import { Group, Paper, SimpleGrid, Table, Text } from "@mantine/core";
import { bytes, count, plural } from "../../lib/format";
import { Facts } from "../../ui/Facts";
import { Section } from "../../ui/Page";
import { TrustShape } from "../../ui/TrustLight";
import { consumer, lagState } from "./states";
import type { Status } from "./model";

export function Flow({ status }: { status: Status }) {
  const { spine, lake } = status;
  const lags = Object.entries(spine.lag).sort(([a, n], [b, m]) => m - n || a.localeCompare(b));
  return (
    <Section title="From the event log to alerts and search">
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Paper style={{ overflow: "hidden" }}>
          <Table horizontalSpacing={8} aria-label="Consumers of the event log">
            <Table.Thead style={{ whiteSpace: "nowrap" }}>
              <Table.Tr>
                <Table.Th>Part</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th className="rf-num">Events behind</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {lags.map(([key, behind]) => {
                const state = lagState(behind);
                const part = consumer(key);
                return (
                  <Table.Tr key={key}>
                    <Table.Td>
                      <Text size="sm">{part.name}</Text>
                      {state.trust !== "good" && (
                        <Text size="xs" c="dimmed">
                          {part.without}
                        </Text>
                      )}
                    </Table.Td>
                    <Table.Td>
                      <Group gap={6} wrap="nowrap">
                        <TrustShape trust={state.trust} />
                        <Text size="sm">{state.word}</Text>
                      </Group>
                    </Table.Td>
                    <Table.Td className="rf-num">{count(behind)}</Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </Paper>
        <Paper p="md">
          <Facts
            facts={[
              ["Events in the log", count(spine.entries)],
              ["Size of the log", bytes(spine.bytes)],
              ["Recognised as repeated", count(spine.duplicates)],
              ["Rows in the lake", count(lake.file_rows + lake.tail_rows)],
              ["In memory of these", count(lake.tail_rows)],
              ["On disk", `${plural(lake.files, "file")}, ${bytes(lake.bytes)}`],
            ]}
          />
        </Paper>
      </SimpleGrid>
    </Section>
  );
}
