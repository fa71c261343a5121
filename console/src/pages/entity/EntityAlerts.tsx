/** Open alerts that name it, before anything else. */
import { Button, Group, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { type Alert, alertsQuery } from "../../api/queries";
import { plural } from "../../lib/format";
import { AlertLines } from "../../ui/AlertLines";
import { Section } from "../../ui/Page";
import { Failed, Loading } from "../../ui/States";
import { ALERT_KINDS, type Kind } from "./questions";

const SHOWN = 5;

export function EntityAlerts({ kind, value }: { kind: Kind; value: string }) {
  const lists = useQueries({
    queries: ALERT_KINDS[kind].map((entity_kind) =>
      alertsQuery({ entity_kind, entity_value: value, status: "open,acknowledged", order: "most_severe", limit: 50 }),
    ),
  });
  const failed = lists.find((l) => l.error && l.data === undefined);
  const found = new Map<string, Alert>();
  for (const alert of lists.flatMap((l) => l.data?.items ?? [])) found.set(alert.id, alert);
  const alerts = [...found.values()].sort((a, b) => b.severity_id - a.severity_id || b.last_time_ms - a.last_time_ms);
  // One page of each list is enough to say that there are more.
  const more = lists.some((l) => Boolean(l.data?.next));
  if (failed) {
    return (
      <Section title="Open alerts">
        <Failed error={failed.error} retry={() => void failed.refetch()} />
      </Section>
    );
  }
  if (lists.some((l) => l.isPending)) return <Loading rows={1} height={40} />;
  if (alerts.length === 0) {
    return (
      <Group gap={6} role="status">
        <Text c="green.8" span lh={0} aria-hidden="true">
          <IconCircleCheck size={18} />
        </Text>
        <Text size="sm">No open alert is about this {kind}.</Text>
      </Group>
    );
  }
  const exactly = alerts[0]?.entity_kind ?? kind;
  return (
    <Section
      title={more ? "More than 50 open alerts" : plural(alerts.length, "open alert")}
      aside={
        alerts.length > SHOWN && (
          <Button
            size="compact-sm"
            variant="subtle"
            renderRoot={(props) => <Link to="/alerts" search={{ entity: `${exactly}:${value}` }} {...props} />}
          >
            All of them
          </Button>
        )
      }
    >
      <AlertLines alerts={alerts.slice(0, SHOWN)} />
    </Section>
  );
}
