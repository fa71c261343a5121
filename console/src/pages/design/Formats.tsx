/** Numbers, times, colours and keys, in words. */
import { Box, Code, Group, Table, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { bytes, compact, count, plural } from "../../lib/format";
import { clockTime, dayTime, exact, lasting, relative } from "../../lib/time";
import { KeyTable } from "../../ui/KeysHelp";
import { When } from "../../ui/When";
import { KEYS as RULE_KEYS } from "../rules/keys";
import { KEYS as SOURCE_KEYS } from "../sources/keys";
import { Part } from "./Part";

const MOMENT = Date.UTC(2026, 10, 22, 9, 32, 30, 250);

function Rows({ label, rows }: { label: string; rows: [ReactNode, ReactNode, ReactNode][] }) {
  return (
    <Table aria-label={label} verticalSpacing={4}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Shown</Table.Th>
          <Table.Th>What</Table.Th>
          <Table.Th visibleFrom="sm">Why</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {rows.map(([shown, what, why], i) => (
          <Table.Tr key={i}>
            <Table.Td style={{ fontVariantNumeric: "tabular-nums" }}>{shown}</Table.Td>
            <Table.Td>{what}</Table.Td>
            <Table.Td visibleFrom="sm" c="dimmed">
              {why}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

export function Formats() {
  const [opened] = useState(() => Date.now());
  return (
    <>
      <Part
        title="Numbers"
        says="In tables at the right, all digits of one width, so that larger ones look larger. The way of writing them is that of your browser."
      >
        <Rows
          label="Numbers"
          rows={[
            [count(12_345), "a count", "exact where it is read"],
            [compact(12_345), "a count where room is scarce", "exact on hover, or in the page behind it"],
            [plural(1, "alert"), "one", "never “1 alerts”"],
            [plural(3, "alert"), "several", ""],
            [bytes(13_000_000), "a size", "powers of 1,024, and their units say so"],
            ["12.3/s", "a rate now", "measured between two answers of the server"],
            ["0.22 µs", "what a rule costs", "measured, for an event that it was tried on"],
            ["measuring", "no rate yet", "a number is not made up"],
          ]}
        />
      </Part>
      <Part
        title="Times"
        says="Relative, because that is the question; exact on hover, in your own zone, with its name. A list that is a protocol shows the clock."
      >
        <Rows
          label="Times"
          rows={[
            [<When key="w" ms={opened} />, "when you opened this page", "it grows older while you look"],
            [relative(MOMENT, MOMENT + 200_000), "in a list", "in the largest unit that fits"],
            [clockTime(MOMENT), "in a protocol", ""],
            [dayTime(MOMENT), "on an axis of days", ""],
            [exact(MOMENT), "on hover", "as one would quote it"],
            [lasting(245_000), "how long", ""],
          ]}
        />
      </Part>
      <Part
        title="Colours, in words"
        says="A colour never says anything alone: beside it is always a word or a shape. There are few, so that those that mean something are seen."
      >
        <Rows
          label="Colours"
          rows={[
            [
              <Swatch key="t" color="var(--mantine-primary-color-filled)" name="teal" />,
              "what can be done: buttons, links, where you are",
              "the one accent",
            ],
            [
              <Swatch key="r" color="var(--mantine-color-red-7)" name="red" />,
              "Critical; bad; deletes something",
              "never for decoration",
            ],
            [
              <Swatch key="o" color="var(--mantine-color-orange-7)" name="orange" />,
              "High; nothing can be seen",
              "being blind is as bad as being attacked",
            ],
            [<Swatch key="y" color="var(--mantine-color-yellow-7)" name="yellow" />, "Medium; take care", ""],
            [<Swatch key="b" color="var(--mantine-color-blue-6)" name="blue" />, "Low", ""],
            [
              <Swatch key="g" color="var(--mantine-color-green-7)" name="green" />,
              "good, seen and checked",
              "never for “nobody looked”",
            ],
            [<Swatch key="n" color="var(--mantine-color-gray-6)" name="grey" />, "informational; not observed", ""],
          ]}
        />
        <Text size="sm" c="dimmed" mt="sm">
          Light and dark follow the system, until you choose at the top right.
        </Text>
      </Part>
      <Part
        title="Keys"
        says="Everything can be done without a mouse. Keys work unless you type in a field; ? lists those of a page."
      >
        <KeyTable label="Keys on every page" list={KEYS} />
        <Text size="sm" c="dimmed" mt="sm">
          In addition: {SOURCE_KEYS.filter(own).map(say).join("; ")} (Sources).{" "}
          {RULE_KEYS.filter(own).map(say).join("; ")} (Rules).
        </Text>
      </Part>
      <Part
        title="Text from outside"
        says="Callers, agents' names, SIP headers, titles of rules: others wrote them, and some of these are attackers."
      >
        <Text size="sm">
          It is shown as text and nothing else, in a box that it cannot leave. What would hide itself or turn the text
          around is written out:
        </Text>
        <Code block mt="xs" className="rf-mono">
          {"Caller: <b>Bank</b> \\u{202E}gnp.exe"}
        </Code>
      </Part>
    </>
  );
}

const KEYS = [
  ["Ctrl K", "Find a call, number, agent, customer, alert or page"],
  ["j k", "Next, previous in a list"],
  ["Enter", "Open"],
  ["/", "To the field that searches this page"],
  ["Esc", "Close, or back"],
  ["← →", "On a time axis: previous, next event"],
  ["+ - 0", "On a time axis: closer, further, all"],
  ["?", "The keys of a page"],
] as const;

const own = ([keys]: readonly [string, string]): boolean => /^[a-z]$/.test(keys);
const say = ([keys, does]: readonly [string, string]): string => `${keys.toUpperCase()}, ${does.toLowerCase()}`;

function Swatch({ color, name }: { color: string; name: string }) {
  return (
    <Group gap={8} wrap="nowrap" component="span">
      <Box component="span" w={18} h={18} bg={color} style={{ borderRadius: 4, flex: "none" }} aria-hidden="true" />
      {name}
    </Group>
  );
}
