/** The frame of a page: its one heading, what it is, what can be done. */
import { Box, Group, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

export function Page({
  title,
  lead,
  actions,
  fill = false,
  children,
}: {
  title: ReactNode;
  lead?: ReactNode;
  actions?: ReactNode;
  /** As high as the window, for a part that scrolls by itself; the children share the height in a column. */
  fill?: boolean;
  children: ReactNode;
}) {
  useEffect(() => {
    if (typeof title === "string") document.title = `${title} · Ringfence`;
  }, [title]);
  return (
    <Box px={{ base: "sm", sm: "lg" }} py="md" maw={1680} mx="auto" style={fill ? FILL : undefined}>
      <Group justify="space-between" align="flex-start" gap="sm" mb="md">
        <Box style={{ minWidth: 0 }}>
          <Title
            order={1}
            size="h3"
            className="rf-outside"
            {...(typeof title === "string" ? { lineClamp: 4, title } : {})}
          >
            {title}
          </Title>
          {lead !== undefined && (
            <Text c="dimmed" size="sm" component="div">
              {lead}
            </Text>
          )}
        </Box>
        {actions !== undefined && <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </Box>
  );
}

const FILL = {
  display: "flex",
  flexDirection: "column",
  height: "calc(100dvh - var(--app-shell-header-height, 52px))",
  // On a very low window the page scrolls instead.
  minHeight: 420,
} as const;

/** A part of a page under a heading of its own. */
export function Section({ title, aside, children }: { title: string; aside?: ReactNode; children: ReactNode }) {
  return (
    <Box component="section" mb="lg" aria-label={title}>
      <Group justify="space-between" mb={6}>
        <Title order={2} size="h5">
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </Box>
  );
}
