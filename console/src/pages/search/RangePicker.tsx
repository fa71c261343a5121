/** Which time is searched: the last so long, or from and to. */
import { Button, Divider, Group, Popover, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { IconCalendarTime, IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { bounds, LASTS, type Range } from "./state";
import { fromLocalInput, LAST_WORDS, localInput, rangeWords } from "./words";

const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function RangePicker({ range, at, onChange }: { range: Range; at: number; onChange: (range: Range) => void }) {
  const [opened, setOpened] = useState(false);
  const take = (next: Range) => {
    setOpened(false);
    onChange(next);
  };
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={320} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconCalendarTime size={16} aria-hidden="true" />}
          rightSection={<IconChevronDown size={14} aria-hidden="true" />}
          onClick={() => setOpened((o) => !o)}
          aria-label={`Time: ${rangeWords(range)}`}
          fw={500}
        >
          {rangeWords(range)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Time to search">
        <SimpleGrid cols={2} spacing={6} verticalSpacing={6}>
          {LASTS.map((last) => {
            const here = "last" in range && range.last === last;
            return (
              <Button
                key={last}
                size="compact-sm"
                variant={here ? "light" : "subtle"}
                color={here ? undefined : "gray"}
                c={here ? undefined : "var(--mantine-color-text)"}
                justify="flex-start"
                aria-pressed={here}
                onClick={() => take({ last })}
              >
                {LAST_WORDS[last]}
              </Button>
            );
          })}
        </SimpleGrid>
        <Divider my="sm" />
        {opened && <Own range={range} at={at} take={take} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Own({ range, at, take }: { range: Range; at: number; take: (range: Range) => void }) {
  const now = bounds(range, at);
  const [from, setFrom] = useState(localInput(now.from));
  const [to, setTo] = useState(localInput("last" in range ? at : now.to));
  const first = fromLocalInput(from);
  const last = fromLocalInput(to);
  const turned = first !== undefined && last !== undefined && last <= first;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (turned || (first === undefined && last === undefined)) return;
        take({ ...(first !== undefined && { from: first }), ...(last !== undefined && { to: last }) });
      }}
    >
      <Stack gap="xs">
        <TextInput
          type="datetime-local"
          step={1}
          label="From"
          size="sm"
          value={from}
          onChange={(e) => setFrom(e.currentTarget.value)}
        />
        <TextInput
          type="datetime-local"
          step={1}
          label="To"
          size="sm"
          value={to}
          onChange={(e) => setTo(e.currentTarget.value)}
          error={turned ? "This must be later than From." : undefined}
        />
        <Group justify="space-between" gap="xs">
          <Text size="xs" c="dimmed">
            {ZONE}
          </Text>
          <Button type="submit" size="xs" disabled={turned || (first === undefined && last === undefined)}>
            Search this time
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
