/** What can be done with the selected alerts, and what came of what was done. */
import { Button, CloseButton, Group, Kbd, List, Paper, ScrollArea, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { count, plural } from "../../lib/format";
import type { Selection } from "./selection";
import type { Told } from "./useBulk";

export function BulkBar({
  selection,
  total,
  loaded,
  busy,
  does,
}: {
  selection: Selection;
  /** How many match, as far as known. */
  total: number | undefined;
  loaded: number;
  busy: boolean;
  does: {
    acknowledge: () => void;
    assign: () => void;
    close: () => void;
    reopen: () => void;
    all: () => void;
    none: () => void;
  };
}) {
  const n = selection.all ? total : selection.ids.size;
  if (n === 0) return null;
  const more = !selection.all && selection.ids.size >= loaded && total !== undefined && total > loaded;
  return (
    <Paper p="xs" mt="xs" role="region" aria-label="Selected alerts">
      <Group gap="xs">
        <Text size="sm" fw={600} aria-live="polite">
          {selection.all ? `All ${n === undefined ? "" : count(n)} that match` : `${plural(n ?? 0, "alert")} selected`}
        </Text>
        {more && (
          <Button size="compact-sm" variant="subtle" onClick={does.all}>
            Select all {count(total)} that match
          </Button>
        )}
        <Group gap={6} ml="auto">
          <Do label="Acknowledge" keys="u" act={does.acknowledge} busy={busy} />
          <Do label="Assign…" keys="a" act={does.assign} busy={busy} />
          <Do label="Close…" keys="e" act={does.close} busy={busy} />
          <Do label="Reopen" act={does.reopen} busy={busy} />
          <Do label="Select none" keys="Esc" act={does.none} busy={false} quiet />
        </Group>
      </Group>
    </Paper>
  );
}

function Do({
  label,
  keys,
  act,
  busy,
  quiet = false,
}: {
  label: string;
  keys?: string;
  act: () => void;
  busy: boolean;
  quiet?: boolean;
}) {
  return (
    <Button
      size="compact-sm"
      variant={quiet ? "subtle" : "default"}
      onClick={act}
      disabled={busy}
      {...(keys
        ? {
            rightSection: (
              <Kbd size="xs" visibleFrom="sm" aria-hidden="true">
                {keys}
              </Kbd>
            ),
          }
        : {})}
    >
      {label}
    </Button>
  );
}

export function TellBar({ told, undo, forget }: { told: Told | undefined; undo: () => void; forget: () => void }) {
  return (
    <div role="status" aria-live="polite">
      {told && (
        <Paper p="xs" mt="xs">
          <Group gap="xs" wrap="nowrap" align="flex-start">
            <Text c={told.tone === "done" ? "green.8" : "red.7"} lh={1} pt={3} aria-hidden="true" component="span">
              {told.tone === "done" ? <IconCheck size={16} /> : <IconX size={16} />}
            </Text>
            <Text size="sm" flex={1} className="rf-outside">
              {told.text}
            </Text>
            {told.before && (
              <Button
                size="compact-sm"
                variant="default"
                onClick={undo}
                rightSection={
                  <Kbd size="xs" visibleFrom="sm" aria-hidden="true">
                    z
                  </Kbd>
                }
              >
                Undo
              </Button>
            )}
            <CloseButton size="sm" aria-label="Dismiss" onClick={forget} />
          </Group>
          {told.failed.length > 0 && (
            <ScrollArea.Autosize mah={130} mt={6} viewportProps={{ tabIndex: 0 }}>
              <List size="sm" pl="md">
                {told.failed.slice(0, 200).map(({ id, message, why }) => (
                  <List.Item key={id}>
                    <bdi>{message}</bdi>
                    <Text span size="sm" c="dimmed">
                      {" "}
                      — {why}
                    </Text>
                  </List.Item>
                ))}
              </List>
              {told.failed.length > 200 && (
                <Text size="sm" c="dimmed" pl="md">
                  and {count(told.failed.length - 200)} more. They stay selected.
                </Text>
              )}
            </ScrollArea.Autosize>
          )}
        </Paper>
      )}
    </div>
  );
}
