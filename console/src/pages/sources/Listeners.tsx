/** Listeners and feeds: where events come in by themselves, and what went wrong there. */
import { Group, Paper, Table, Text } from "@mantine/core";
import { bytes, compact, count, plural } from "../../lib/format";
import { Section } from "../../ui/Page";
import { TrustShape } from "../../ui/TrustLight";
import { troubles } from "./counters";
import type { Status } from "./model";

export function Listeners({ listeners }: { listeners: Status["listeners"] }) {
  const sorted = listeners
    .map((listener) => ({ ...listener, wrong: troubles(listener.counters) }))
    .sort((a, b) => Number(b.wrong.length > 0) - Number(a.wrong.length > 0) || a.name.localeCompare(b.name));
  return (
    <Section title="Listeners and feeds">
      {sorted.length === 0 ? (
        <Paper p="md">
          <Text size="sm" c="dimmed">
            No listener and no feed is configured. Syslog, HEP, telephone systems and folders are written into the
            configuration of the server; what comes over HTTP needs none.
          </Text>
        </Paper>
      ) : (
        <Paper style={{ overflow: "hidden" }}>
          <Table horizontalSpacing={8} aria-label="Listeners and feeds" verticalSpacing={8}>
            <Table.Thead style={{ whiteSpace: "nowrap" }}>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th visibleFrom="sm">Where</Table.Th>
                <Table.Th className="rf-num">Received</Table.Th>
                <Table.Th className="rf-num" visibleFrom="md">
                  Size
                </Table.Th>
                <Table.Th className="rf-num" visibleFrom="md">
                  Connections
                </Table.Th>
                <Table.Th>What went wrong</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {sorted.map((listener) => {
                const of = (key: string) => listener.counters[key] ?? 0;
                return (
                  <Table.Tr key={listener.name} style={{ verticalAlign: "top" }}>
                    <Table.Td>
                      <Text size="sm" fw={600} className="rf-outside">
                        {listener.name}
                      </Text>
                      <Text size="xs" c="dimmed" hiddenFrom="sm">
                        {listener.transport} {listener.address}
                      </Text>
                    </Table.Td>
                    <Table.Td visibleFrom="sm">
                      <Text size="sm" className="rf-mono">
                        {listener.transport} {listener.address}
                      </Text>
                    </Table.Td>
                    <Table.Td className="rf-num">{compact(of("received"))}</Table.Td>
                    <Table.Td className="rf-num" visibleFrom="md">
                      {bytes(of("bytes"))}
                    </Table.Td>
                    <Table.Td className="rf-num" visibleFrom="md">
                      {of("connections") > 0 ? `${count(of("open"))} open of ${count(of("connections"))}` : "none"}
                    </Table.Td>
                    <Table.Td style={{ maxWidth: 480 }}>
                      {listener.wrong.length === 0 ? (
                        <Group gap={6} wrap="nowrap">
                          <TrustShape trust="good" />
                          <Text size="sm">Nothing</Text>
                        </Group>
                      ) : (
                        listener.wrong.map((trouble) => (
                          <Group key={trouble.key} gap={6} wrap="nowrap" align="flex-start" mb={4}>
                            <TrustShape trust={trouble.lossy ? "bad" : "care"} />
                            <Text size="sm">
                              <b>{count(trouble.n)}</b> {trouble.what}.{" "}
                              <Text span c="dimmed" size="sm">
                                {trouble.todo}
                              </Text>
                            </Text>
                          </Group>
                        ))
                      )}
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </Paper>
      )}
      {sorted.length > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          {plural(sorted.length, "listener or feed", "listeners and feeds")}, counted since the server started.
        </Text>
      )}
    </Section>
  );
}
