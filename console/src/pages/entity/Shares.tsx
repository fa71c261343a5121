/** Counts beside each other: a word, a number, a bar. */
import { Box, Text, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { count } from "../../lib/format";
import classes from "./Entity.module.css";
import type { Share } from "./derive";

export function Shares({ title, shares, partial = false }: { title: string; shares: Share[]; partial?: boolean }) {
  const all = shares.reduce((sum, s) => sum + s.n, 0);
  return (
    <Box component="section" aria-label={title}>
      <Title order={3} size="h6" mb={4}>
        {title}
      </Title>
      {shares.map(({ key, label, n, marked = false }) => (
        <ShareLine key={key} n={n} of={all} marked={marked}>
          <Text size="sm" className="rf-outside" fw={marked ? 600 : 400}>
            {label}
          </Text>
        </ShareLine>
      ))}
      {partial && (
        <Text size="xs" c="dimmed">
          Of the events that are shown.
        </Text>
      )}
    </Box>
  );
}

export function ShareLine({
  n,
  of,
  marked = false,
  children,
}: {
  n: number;
  of: number;
  marked?: boolean;
  children: ReactNode;
}) {
  return (
    <div className={classes["share"]}>
      <div style={{ minWidth: 0 }}>{children}</div>
      <Text size="sm" className="rf-num" fw={marked ? 600 : 400}>
        {count(n)}
      </Text>
      <div className={classes["bar"]} data-marked={marked ? "" : undefined} aria-hidden="true">
        <span style={{ width: `${(n / Math.max(of, 1)) * 100}%` }} />
      </div>
    </div>
  );
}
