/** What the keys of a page do. */
import { Group, Kbd, Modal, Table, Text } from "@mantine/core";

/** Keys and what they do; several keys of one thing are parted by a space. */
export type KeyList = readonly (readonly [keys: string, does: string])[];

export function KeysHelp({ list, close }: { list: KeyList; close: () => void }) {
  return (
    <Modal opened onClose={close} title="Keys of this page" size="md">
      <KeyTable label="Keys and what they do" list={list} />
      <Text size="xs" c="dimmed" mt="sm">
        Keys work unless you type in a field. Ctrl K finds anything, on every page.
      </Text>
    </Modal>
  );
}

/** Keys beside what they do. */
export function KeyTable({ label, list }: { label: string; list: KeyList }) {
  return (
    <Table aria-label={label}>
      <Table.Tbody>
        {list.map(([keys, does]) => (
          <Table.Tr key={does}>
            <Table.Td w={170}>
              <Group gap={4}>
                {keys.split(" ").map((key) => (
                  <Kbd key={key}>{key}</Kbd>
                ))}
              </Group>
            </Table.Td>
            <Table.Td>{does}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
