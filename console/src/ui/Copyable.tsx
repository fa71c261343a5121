/** A text to take elsewhere: a configuration, a command, a token. One click copies it as it is. */
import { ActionIcon, Box, Code, CopyButton, Group, ScrollArea, Text, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { HIDDEN } from "./Severity";

export function Copyable({
  title,
  text,
  note,
  wrap = false,
}: {
  /** What it is, or where it belongs. */
  title: string;
  text: string;
  note?: ReactNode;
  /** Whether long lines are broken rather than scrolled. */
  wrap?: boolean;
}) {
  return (
    <Box style={{ minWidth: 0 }}>
      <Group justify="space-between" wrap="nowrap" gap="xs" mb={2}>
        <Text size="xs" fw={600} style={{ minWidth: 0 }}>
          {title}
        </Text>
        <Copy text={text} what={title} />
      </Group>
      <ScrollArea.Autosize mah={420} type="auto" viewportProps={{ tabIndex: 0, "aria-label": title, role: "region" }}>
        <Code
          block
          fz="xs"
          style={{ whiteSpace: wrap ? "pre-wrap" : "pre", overflowWrap: wrap ? "anywhere" : "normal" }}
          data-copy={title}
        >
          {text.replace(/\n$/, "")}
        </Code>
      </ScrollArea.Autosize>
      {note !== undefined && (
        <Text size="xs" c="dimmed" mt={4} component="div">
          {note}
        </Text>
      )}
    </Box>
  );
}

/** The button alone. */
export function Copy({ text, what }: { text: string; what: string }) {
  return (
    <CopyButton value={text} timeout={2_000}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? "Copied" : "Copy"}>
          <ActionIcon variant="default" size="sm" onClick={copy} aria-label={`Copy: ${what}`}>
            {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            <span style={HIDDEN} role="status">
              {copied ? "Copied" : ""}
            </span>
          </ActionIcon>
        </Tooltip>
      )}
    </CopyButton>
  );
}
