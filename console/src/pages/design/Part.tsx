/** A part of the design language: what it is for, and how it looks. */
import { Paper, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { Section } from "../../ui/Page";

export function Part({ title, says, children }: { title: string; says: ReactNode; children: ReactNode }) {
  return (
    <Section title={title}>
      <Text size="sm" c="dimmed" mb="xs" maw={900}>
        {says}
      </Text>
      <Paper p="md">{children}</Paper>
    </Section>
  );
}
