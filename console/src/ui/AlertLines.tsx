/** A few alerts as lines, each a way to its page. */
import { Group, Stack, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Alert } from "../api/queries";
import classes from "./AlertLines.module.css";
import { Severity } from "./Severity";
import { When } from "./When";

const STATUS: Record<Alert["status"], string> = { open: "open", acknowledged: "acknowledged", closed: "closed" };

export function AlertLines({ alerts }: { alerts: Alert[] }) {
  return (
    <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
      {alerts.map((alert) => (
        <li key={alert.id}>
          <Link to="/alerts/$id" params={{ id: alert.id }} className={classes["line"]}>
            <Group gap="xs" wrap="nowrap">
              <Severity id={alert.severity_id} bare />
              <Text size="sm" fw={600} className="rf-outside" lineClamp={2} flex={1}>
                {alert.message || alert.title}
              </Text>
              <Text size="xs" c="dimmed" style={{ flex: "none" }} visibleFrom="sm">
                {alert.assignee ? `${STATUS[alert.status]}, ${alert.assignee}` : STATUS[alert.status]}
              </Text>
              <Text size="xs" c="dimmed" style={{ flex: "none" }}>
                <When ms={alert.last_time_ms} />
              </Text>
            </Group>
          </Link>
        </li>
      ))}
    </Stack>
  );
}
