/** The entries as a table. */
import { Anchor, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { brief, count } from "../../lib/format";
import { Rows } from "../../ui/Rows";
import { When } from "../../ui/When";
import { kindWord, manyWords, nameIn, tell } from "./model";
import type { Names } from "./names";
import { Result } from "./Result";

type Item = Schemas["EvidenceItem"];

export function EntryTable({ items, names }: { items: Item[]; names: Names }) {
  return (
    <Rows
      label="Entries of the evidence log"
      columns={["When", "What", "Who", "To whom", "Result", "Kind", "Number"]}
      wide={860}
      hover
    >
      {items.map((item) => (
        <Row key={item.index} item={item} names={names} />
      ))}
    </Rows>
  );
}

function Row({ item, names }: { item: Item; names: Names }) {
  const told = tell(item.record);
  const more = told ? manyWords(told) : "";
  const called = (id: string) => (told && nameIn(told, id)) ?? names.get(id) ?? id;
  return (
    <Table.Tr>
      <Table.Td>
        <When ms={item.time_ms} />
      </Table.Td>
      <Table.Td miw={260}>
        <Anchor
          size="sm"
          fw={600}
          c="inherit"
          className="rf-outside"
          data-entry={item.index}
          renderRoot={(props) => (
            <Link to="/evidence" search={(old) => ({ ...old, entry: String(item.index) })} {...props} />
          )}
        >
          {told ? brief(told.what, 200) || "It is not said what" : "The record was erased"}
        </Anchor>
        {more !== "" && (
          <Text span size="sm">
            {more}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" className="rf-outside">
          {brief(called(item.actor), 60) || "several"}
        </Text>
      </Table.Td>
      <Table.Td>
        <Text size="sm" className="rf-outside">
          {brief(called(item.target), 60)}
        </Text>
      </Table.Td>
      <Table.Td>
        <Result result={told?.result ?? "erased"} />
      </Table.Td>
      <Table.Td>
        <Text size="sm" className="rf-outside">
          {brief(kindWord(item.kind))}
        </Text>
      </Table.Td>
      <Table.Td className="rf-num">{count(item.index)}</Table.Td>
    </Table.Tr>
  );
}
