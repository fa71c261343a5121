/** Records that were refused: why, where exactly, and how to be done with them. */
import { ActionIcon, Box, Button, Collapse, Group, Modal, Paper, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronLeft, IconChevronRight, IconTrash } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { bytes, count, plural } from "../../lib/format";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Notice } from "../../ui/Notice";
import { When } from "../../ui/When";
import { FaultView } from "./FaultView";
import { type Refused, sayCode } from "./fault";
import { type Declared, keyOf } from "./model";
import { type Refusal, grouped } from "./refusals";

type Stats = Schemas["QuarantinePage"]["stats"];

export function QuarantineList({
  items,
  stats,
  more,
  declared,
}: {
  items: Refused[];
  stats?: Stats;
  /** Whether there are older ones that are not shown. */
  more: boolean;
  /** To tell sources that are gone. */
  declared?: Declared[];
}) {
  const [asked, setAsked] = useState<Refused[] | null>(null);
  const groups = grouped(items);
  const known = declared && new Set(declared.map((source) => keyOf(source.program, source.name)));
  return (
    <Box>
      {stats && stats.dropped > 0 && (
        <Notice tone="care">
          The quarantine was full: {plural(stats.dropped, "older record was", "older records were")} dropped for newer
          ones. Correct the senders, then delete what you have seen.
        </Notice>
      )}
      <Paper component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} aria-label="Refused records">
        {groups.map((group) => (
          <RefusalItem
            key={group.key}
            group={group}
            gone={group.items[0] !== undefined && known !== undefined && !known.has(key(group.items[0]))}
            remove={() => setAsked(group.items)}
          />
        ))}
      </Paper>
      <Group justify="space-between" mt={6} gap="xs">
        <Text size="xs" c="dimmed">
          {more ? `The newest ${count(items.length)}` : plural(items.length, "record")}
          {stats && ` · quarantine holds ${plural(stats.rows, "record")}, ${bytes(stats.bytes)}`}
        </Text>
        {groups.length > 1 && (
          <Button size="compact-xs" variant="default" onClick={() => setAsked(items)}>
            Delete all shown
          </Button>
        )}
      </Group>
      {asked && <Confirm items={asked} close={() => setAsked(null)} />}
    </Box>
  );
}

const key = (item: Refused): string => keyOf(item.program, item.source);

function RefusalItem({ group, gone, remove }: { group: Refusal; gone: boolean; remove: () => void }) {
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(0);
  const newest = group.items[0];
  const shown = group.items[Math.min(at, group.items.length - 1)];
  if (!newest || !shown) return null;
  const many = group.items.length;
  return (
    <Box component="li" style={{ borderBottom: "1px solid var(--rf-line)" }} className="rf-row" data-refusal="">
      <Group wrap="nowrap" gap="xs" align="flex-start" py={6} px={4}>
        <UnstyledButton onClick={() => setOpen(!open)} aria-expanded={open} style={{ flex: 1, minWidth: 0 }}>
          <Group wrap="nowrap" gap="xs" align="flex-start">
            <Box pt={3} style={{ flex: "none" }} aria-hidden="true">
              {open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
            </Box>
            <Box style={{ minWidth: 0 }}>
              <Text size="sm" className="rf-outside">
                <b>{sayCode(newest.code)}</b>
                {many > 1 && ` · ${count(many)} times`}
                <Text span c="dimmed" size="sm">
                  {" "}
                  · {newest.reason}
                </Text>
              </Text>
              <Text size="xs" c="dimmed" className="rf-outside">
                {newest.program} / {newest.source}
                {gone && " (built in, or gone)"} · <When ms={newest.received_ms} />
              </Text>
            </Box>
          </Group>
        </UnstyledButton>
        <Tooltip label={many > 1 ? `Delete these ${count(many)}` : "Delete this record"}>
          <ActionIcon
            variant="subtle"
            color="gray"
            onClick={remove}
            aria-label={`Delete: ${sayCode(newest.code)}, ${plural(many, "record")} of ${newest.source}`}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <Collapse expanded={open}>
        {open && (
          <Box pl={30} pr={8} pb="sm">
            {many > 1 && (
              <Group gap={4} mb={4}>
                <ActionIcon
                  size="sm"
                  variant="default"
                  aria-label="Newer record"
                  disabled={at === 0}
                  onClick={() => setAt(at - 1)}
                >
                  <IconChevronLeft size={14} />
                </ActionIcon>
                <ActionIcon
                  size="sm"
                  variant="default"
                  aria-label="Older record"
                  disabled={at >= many - 1}
                  onClick={() => setAt(at + 1)}
                >
                  <IconChevronRight size={14} />
                </ActionIcon>
                <Text size="xs" c="dimmed" role="status">
                  {count(at + 1)} of {count(many)}, <When ms={shown.received_ms} />
                </Text>
              </Group>
            )}
            <FaultView key={shown.id} item={shown} />
          </Box>
        )}
      </Collapse>
    </Box>
  );
}

/** What is deleted here is gone: the sender has it, or nobody. */
function Confirm({ items, close }: { items: Refused[]; close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => ask(api.POST("/api/v1/quarantine/delete", { body: { ids: items.map((item) => item.id) } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["quarantine"] });
      close();
    },
  });
  const senders = [...new Set(items.map((item) => `${item.program} / ${item.source}`))];
  return (
    <Modal {...DIALOG} opened onClose={close} title={`Delete ${plural(items.length, "refused record")}?`}>
      <Text size="sm" className="rf-outside">
        Sent by {senders.slice(0, 3).join(", ")}
        {senders.length > 3 && ` and ${senders.length - 3} more`}. They were never taken as events; what is kept of them
        here is deleted for good.
      </Text>
      {remove.error && (
        <Text size="sm" c="red.8" mt="xs" role="alert">
          {remove.error.message}
        </Text>
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close} data-autofocus>
          Keep
        </Button>
        <Button color="red.8" onClick={() => remove.mutate()} loading={remove.isPending}>
          Delete
        </Button>
      </Group>
    </Modal>
  );
}
