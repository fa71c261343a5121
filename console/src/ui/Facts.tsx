/** Names and values side by side, as a definition list. */
import { SimpleGrid, Text } from "@mantine/core";
import type { ReactNode } from "react";

export type Fact = readonly [name: string, value: ReactNode];

export function Facts({ facts, cols = 3 }: { facts: Fact[]; cols?: number }) {
  return (
    <SimpleGrid
      component="dl"
      cols={{ base: Math.min(cols, 2), sm: cols }}
      spacing="md"
      verticalSpacing="xs"
      style={{ margin: 0 }}
    >
      {facts.map(([name, value]) => (
        <div key={name} style={{ minWidth: 0 }}>
          <Text component="dt" size="xs" c="dimmed">
            {name}
          </Text>
          <Text
            component="dd"
            size="sm"
            className="rf-outside"
            style={{ margin: 0, fontVariantNumeric: "tabular-nums" }}
          >
            {value}
          </Text>
        </div>
      ))}
    </SimpleGrid>
  );
}
