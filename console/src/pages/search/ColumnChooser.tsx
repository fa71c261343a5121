/** Which columns are shown, in which order. */
import { ActionIcon, Button, Checkbox, Divider, Group, Popover, ScrollArea, Stack, Text, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconColumns3 } from "@tabler/icons-react";
import { useState } from "react";
import { ALL_COLUMNS, DEFAULT_COLUMNS, columnOf } from "./columns";

export function ColumnChooser({
  columns,
  onChange,
}: {
  columns: readonly string[];
  onChange: (columns: string[]) => void;
}) {
  const [opened, setOpened] = useState(false);
  const move = (i: number, by: 1 | -1) => {
    const name = columns[i];
    if (name !== undefined) onChange(columns.toSpliced(i, 1).toSpliced(i + by, 0, name));
  };
  const others = ALL_COLUMNS.filter((name) => !columns.includes(name));
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconColumns3 size={15} aria-hidden="true" />}
          onClick={() => setOpened((o) => !o)}
        >
          Columns
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Columns" p="xs">
        <ScrollArea.Autosize mah="38dvh" type="auto" offsetScrollbars>
          <Stack gap={2} component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Shown, in this order">
            {columns.map((name, i) => (
              <Group key={name} component="li" gap={2} wrap="nowrap" justify="space-between">
                <Choice
                  name={name}
                  checked
                  disabled={columns.length === 1}
                  change={() => onChange(columns.toSpliced(i, 1))}
                />
                <Group gap={0} wrap="nowrap">
                  <ActionIcon
                    size="sm"
                    variant="subtle"
                    color="gray"
                    disabled={i === 0}
                    onClick={() => move(i, -1)}
                    aria-label={`Move ${name} to the left`}
                  >
                    <IconArrowUp size={14} />
                  </ActionIcon>
                  <ActionIcon
                    size="sm"
                    variant="subtle"
                    color="gray"
                    disabled={i === columns.length - 1}
                    onClick={() => move(i, 1)}
                    aria-label={`Move ${name} to the right`}
                  >
                    <IconArrowDown size={14} />
                  </ActionIcon>
                </Group>
              </Group>
            ))}
          </Stack>
          <Divider my={6} />
          <Stack gap={2} component="ul" m={0} p={0} style={{ listStyle: "none" }} aria-label="Not shown">
            {others.map((name) => (
              <li key={name}>
                <Choice name={name} checked={false} change={() => onChange([...columns, name])} />
              </li>
            ))}
          </Stack>
        </ScrollArea.Autosize>
        <Group justify="space-between" mt={6}>
          <Text size="xs" c="dimmed">
            The row itself has them all.
          </Text>
          <Button
            size="compact-xs"
            variant="subtle"
            disabled={columns.join() === DEFAULT_COLUMNS.join()}
            onClick={() => onChange([...DEFAULT_COLUMNS])}
          >
            As usual
          </Button>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice({
  name,
  checked,
  disabled = false,
  change,
}: {
  name: string;
  checked: boolean;
  disabled?: boolean;
  change: () => void;
}) {
  return (
    <Tooltip label={columnOf(name)?.help ?? "Inside the OCSF document"} position="left" openDelay={600}>
      <Checkbox size="xs" label={name} checked={checked} disabled={disabled} onChange={change} py={3} />
    </Tooltip>
  );
}
