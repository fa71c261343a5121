/** Strips of the last six hours. They come after the sentences: a trend explains, it does not alarm. */
import { Paper, SimpleGrid, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useMemo } from "react";
import { sqlQuery, type Table } from "../../api/queries";
import { Asked, Empty, Loading } from "../../ui/States";
import { useNow } from "../../ui/When";
import { Trend } from "../../ui/Trend";
import { buckets, STEP_MS, trendSql } from "./trends";

const STRIPS = [
  ["events", "Events", "events"],
  ["calls", "Calls answered", "calls"],
  ["lookups", "Record look-ups", "look-ups"],
  ["findings", "Findings", "findings"],
] as const;

export function Trends() {
  const now = useNow();
  // One question a minute, however often the page is drawn.
  const until = Math.floor(now / 60_000) * 60_000;
  const query = useQuery({ ...sqlQuery(trendSql(until)), placeholderData: (old: Table | undefined) => old });
  const navigate = useNavigate();
  const strips = useMemo(
    () =>
      query.data
        ? STRIPS.map(([column, title, unit]) => ({ title, unit, series: buckets(query.data, column, until) }))
        : [],
    [query.data, until],
  );
  return (
    <Asked query={query} loading={<Loading rows={4} height={72} />}>
      {(table) =>
        table.rows.length === 0 ? (
          <Empty mood="blind" title="Nothing was heard">
            No event has arrived in the last six hours.
          </Empty>
        ) : (
          <SimpleGrid cols={{ base: 1, xs: 2, md: 1 }} spacing="xs">
            {strips.map(({ title, unit, series }) => (
              <Paper key={title} p="sm" pb={6}>
                <Trend
                  title={title}
                  unit={unit}
                  series={series}
                  onPick={(ms) =>
                    void navigate({ to: "/search", search: { from: String(ms), to: String(ms + STEP_MS) } })
                  }
                />
              </Paper>
            ))}
            <Text size="xs" c="dimmed">
              Counted every 5 minutes by when things happened. Choose a point to see what happened then.
            </Text>
          </SimpleGrid>
        )
      }
    </Asked>
  );
}
