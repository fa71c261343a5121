/** Whom and what it was seen together with, most often first. */
import { Box, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQueries } from "@tanstack/react-query";
import { type Row, sqlQuery } from "../../api/queries";
import { numberOf, textOf } from "../../lib/sql";
import { EntityChip } from "../../ui/EntityChip";
import { ShareLine } from "./Shares";
import { type Kind, type Met, RELATED_MOST, relatedKinds, relatedSql } from "./questions";
import type { Range } from "./ranges";

const TITLES: Record<Met, string> = {
  agent: "Agents",
  customer: "Customers",
  number: "Numbers",
  address: "Addresses",
  device: "Devices",
  user: "Names used to sign in",
};

export function Related({ kind, value, range }: { kind: Kind; value: string; range: Range }) {
  const kinds = relatedKinds(kind);
  const lists = useQueries({
    queries: kinds.map((other) => sqlQuery(relatedSql(kind, value, other, range), RELATED_MOST + 1)),
  });
  const known = kinds.map((other, i) => [other, lists[i]] as const);
  const none = lists.every((l) => l.data?.rows.length === 0);
  return (
    <Box component="section" aria-label="Seen together with">
      <Title order={3} size="h6" mb="xs">
        Seen together with
      </Title>
      {none && (
        <Text size="sm" c="dimmed">
          Nothing else in this time.
        </Text>
      )}
      <Stack gap="md">
        {known.map(([other, list]) => {
          if (list?.data) return <OneKind key={other} kind={other} rows={list.data.rows} />;
          if (list?.error) {
            return (
              <Text key={other} size="sm" c="dimmed">
                {TITLES[other]} could not be asked.
              </Text>
            );
          }
          return <Skeleton key={other} height={60} radius="md" />;
        })}
      </Stack>
    </Box>
  );
}

function OneKind({ kind, rows }: { kind: Met; rows: Row[] }) {
  if (rows.length === 0) return null;
  const shown = rows.slice(0, RELATED_MOST);
  const most = numberOf(shown[0]?.["n"]);
  return (
    <div>
      <Text size="xs" c="dimmed" mb={2}>
        {TITLES[kind]}
        {rows.length > RELATED_MOST && `, the ${RELATED_MOST} most frequent`}
      </Text>
      {shown.map((row) => {
        const value = textOf(row["value"]);
        return (
          <ShareLine key={value} n={numberOf(row["n"])} of={most}>
            {kind === "user" ? (
              <Text size="sm" className="rf-outside rf-clip" title={value}>
                {value}
              </Text>
            ) : (
              <EntityChip kind={kind} value={value} size="xs" />
            )}
          </ShareLine>
        );
      })}
    </div>
  );
}
