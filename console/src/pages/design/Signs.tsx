/** Signs: how bad, how trusted, where it stands, what it is about. */
import { Group, SimpleGrid, Stack, Table, Text } from "@mantine/core";
import { AlertStatus, VERDICTS } from "../../ui/AlertStatus";
import { EntityChip } from "../../ui/EntityChip";
import { Severity } from "../../ui/Severity";
import { TrustLight } from "../../ui/TrustLight";
import { Part } from "./Part";

const SEVERITIES = [
  [6, "Beyond repair. No rule of ours says it."],
  [5, "Act now, ask afterwards."],
  [4, "Look today."],
  [3, "Look when you can."],
  [2, "Good to know."],
  [1, "Part of the picture."],
  [0, "Its sender did not say."],
] as const;

export function Signs() {
  return (
    <>
      <Part
        title="Severity"
        says="How bad something is. Each step has a word and a shape: circle, diamond, triangle, octagon. From High on it is filled. The word stands beside it unless room is scarce; readers of the screen always hear it."
      >
        <Table aria-label="Steps of severity" verticalSpacing={4}>
          <Table.Tbody>
            {SEVERITIES.map(([id, means]) => (
              <Table.Tr key={id}>
                <Table.Td w={160}>
                  <Severity id={id} />
                </Table.Td>
                <Table.Td>
                  <Text size="sm" c="dimmed">
                    {means}
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Part>
      <Part
        title="Trust lights"
        says="How far something can be trusted: a calling number, an encryption, a source. The dashed circle is the important one: nobody looked, so nothing is said. It never looks like Good."
      >
        <SimpleGrid cols={{ base: 1, xs: 2, md: 4 }}>
          <TrustLight
            what="Caller's number (example)"
            trust="good"
            says="Vouched for (A)"
            why="The caller's own carrier signed the number."
          />
          <TrustLight what="Signalling (example)" trust="care" says="Partly encrypted" />
          <TrustLight what="Source (example)" trust="bad" says="Silent" />
          <TrustLight what="Media (example)" trust="unseen" />
        </SimpleGrid>
      </Part>
      <Part
        title="Standing of an alert"
        says="Open, half done, done. A closed one says what it turned out to be, because that is what one looks for."
      >
        <Group gap="lg">
          <AlertStatus alert={{ status: "open", verdict: null }} />
          <AlertStatus alert={{ status: "acknowledged", verdict: null }} />
          <AlertStatus alert={{ status: "closed", verdict: null }} />
        </Group>
        <Stack gap={4} mt="sm">
          {VERDICTS.map((verdict) => (
            <Group key={verdict.value} gap="sm">
              <AlertStatus alert={{ status: "closed", verdict: verdict.value }} />
              <Text size="sm" c="dimmed">
                {verdict.means}
              </Text>
            </Group>
          ))}
        </Stack>
      </Part>
      <Part
        title="Entities"
        says="Whatever has a name looks the same everywhere and leads to its page. Names come from outside: they are shown as text, cut where they are too long, and never decide how a page looks. These are examples; their pages know nothing."
      >
        <Group gap={6}>
          <EntityChip kind="call" value="call-00000000000000000000000000000077" />
          <EntityChip kind="agent" value="4711" />
          <EntityChip kind="customer" value="C-1001" />
          <EntityChip kind="number" value="+12125550100" />
          <EntityChip kind="address" value="203.0.113.9" />
          <EntityChip kind="device" value="desk-17" />
          <EntityChip kind="program" value="acme" />
          <EntityChip kind="agent" value="a name that somebody made far too long, to see what a page does about it" />
          <EntityChip kind="agent" value="4711" size="xs" />
        </Group>
      </Part>
    </>
  );
}
