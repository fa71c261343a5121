/** The records of a bundle, each with what came out; those that are wrong first. */
import { Button, Group, Table, Text } from "@mantine/core";
import { useState } from "react";
import type { Checked } from "../../lib/bundle";
import { brief, count } from "../../lib/format";
import { Rows } from "../../ui/Rows";
import { When } from "../../ui/When";
import { manyWords, tellText } from "./model";

const STEP = 100;

export function BundleRecords({ records }: { records: readonly Checked[] }) {
  const [shown, setShown] = useState(STEP);
  if (records.length === 0) return <Text size="sm">There is no record in it.</Text>;
  const sorted = [
    ...records.filter((record) => record.wrong !== undefined),
    ...records.filter((record) => record.wrong === undefined),
  ];
  return (
    <>
      <Rows label="Records of the bundle" columns={["Number", "When", "What", "Result"]} wide={520}>
        {sorted.slice(0, shown).map((record) => (
          <Row key={record.line} record={record} />
        ))}
      </Rows>
      <Group gap="xs" mt="xs">
        {shown < sorted.length && (
          <Button size="compact-sm" variant="default" onClick={() => setShown(shown + STEP)}>
            Show more
          </Button>
        )}
        <Text size="xs" c="dimmed">
          {count(Math.min(shown, sorted.length))} of {count(sorted.length)}
        </Text>
      </Group>
    </>
  );
}

function Row({ record: { line, index, text, wrong } }: { record: Checked }) {
  const told = text === null ? undefined : tellText(text);
  return (
    <Table.Tr>
      <Table.Td className="rf-num">{index === undefined ? `line ${count(line)}` : count(index)}</Table.Td>
      <Table.Td>{told?.when !== undefined && <When ms={told.when} />}</Table.Td>
      <Table.Td className="rf-outside">
        {told ? `${brief(told.what, 200)}${manyWords(told)}` : text === null ? "" : brief(text, 200)}
      </Table.Td>
      <Table.Td>
        {wrong === undefined ? (
          <Text size="sm">{text === null ? "Erased, and logged" : "Proved"}</Text>
        ) : (
          <Text size="sm" fw={650}>
            Line {count(line)}: {brief(wrong, 300)}
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
