/** One SIP message, as it came. */
import { ActionIcon, Alert, Drawer, Group, Stack, Text, Tooltip } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconLock } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { KeyboardEvent } from "react";
import { recordQuery } from "../../api/queries";
import { attribute } from "../../lib/say";
import { exact } from "../../lib/time";
import { EntityChip } from "../../ui/EntityChip";
import { Pairs, Raw } from "../../ui/EvidenceRow";
import { Asked, Loading } from "../../ui/States";
import { type Column, type Message, sayDelta } from "./ladder";

const FIELDS = [
  ["Call-ID", "call_id"],
  ["CSeq", "cseq"],
  ["From", "from"],
  ["To", "to"],
  ["Request-URI", "request_uri"],
  ["User agent", "user_agent"],
  ["Transport", "transport"],
  ["Signs in as", "auth_user"],
] as const;

export function SipDrawer({
  message,
  columns,
  place,
  onClose,
  onStep,
}: {
  message: Message | undefined;
  columns: Column[];
  place: string;
  onClose: () => void;
  onStep: (step: number) => void;
}) {
  const keys = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    // Within the message the arrows scroll.
    if (step === undefined || (event.target as HTMLElement).closest("[data-scroll]")) return;
    event.preventDefault();
    onStep(step);
  };
  return (
    <Drawer
      opened={message !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      onKeyDown={keys}
      // React gives the focus back to the list, which knows where it was.
      returnFocus={false}
      closeButtonProps={{ "aria-label": "Close the message" }}
      title={message && <Text fw={650}>{message.label}</Text>}
    >
      {message && <Body message={message} columns={columns} place={place} onStep={onStep} />}
    </Drawer>
  );
}

function Body({
  message,
  columns,
  place,
  onStep,
}: {
  message: Message;
  columns: Column[];
  place: string;
  onStep: (step: number) => void;
}) {
  const { event } = message;
  const query = useQuery(recordQuery(event.event_id));
  const pairs = FIELDS.map(([label, name]): [string, unknown] => [label, attribute(event, `sip.${name}`)]).filter(
    ([, value]) => value !== undefined,
  );
  return (
    <Stack gap="sm">
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" c="dimmed">
          Message {place}
        </Text>
        <Group gap={4}>
          <Step label="The message before" onClick={() => onStep(-1)} icon={<IconArrowUp size={16} />} />
          <Step label="The next message" onClick={() => onStep(1)} icon={<IconArrowDown size={16} />} />
        </Group>
      </Group>
      <Group gap={6}>
        {event.src_ip && <EntityChip kind="address" value={event.src_ip} />}
        <Text size="sm" span aria-label="to">
          →
        </Text>
        {event.dst_ip && <EntityChip kind="address" value={event.dst_ip} />}
      </Group>
      <Text size="sm">
        {exact(event.time_ms)}
        <Text span c="dimmed">
          {" "}
          ({sayDelta(message.delta)} after the one before)
        </Text>
        {message.again > 0 && ". This is a retransmission."}
        {message.repeats > 0 && `. It was sent ${message.repeats + 1} times.`}
      </Text>
      <Text size="xs" c="dimmed" className="rf-outside">
        {columns[message.from]?.label} → {columns[message.to]?.label}
      </Text>
      <Pairs pairs={pairs} cols={1} />
      <Alert variant="light" color="gray" p="xs" icon={<IconLock size={16} />}>
        <Text size="sm">
          {event.flags.includes("masked")
            ? "This message held secrets. Passwords, keys and keyed digits were masked before it was stored."
            : "Passwords, keys and keyed digits are masked before a message is stored. This one held none."}
        </Text>
      </Alert>
      <div data-scroll="">
        <Asked query={query} loading={<Loading rows={4} />}>
          {(record) => <Raw text={record.raw} />}
        </Asked>
      </div>
    </Stack>
  );
}

function Step({ label, onClick, icon }: { label: string; onClick: () => void; icon: React.ReactNode }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" aria-label={label} onClick={onClick}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
}
