/** How alerts like this one were judged. */
import { Anchor, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Alert, pastAlertsQuery } from "../../api/queries";
import { count, plural } from "../../lib/format";
import { AlertStatus } from "../../ui/AlertStatus";
import lines from "../../ui/AlertLines.module.css";
import { SeverityShape, severityWord, HIDDEN } from "../../ui/Severity";
import { Asked, Loading } from "../../ui/States";
import { kindWord } from "../../ui/StoryEntity";
import { When } from "../../ui/When";
import { others, tally } from "./similar";

const MOST = 5;

const judgedQuery = (alert: Alert) =>
  pastAlertsQuery({ rule_id: alert.rule_id, status: "closed", limit: 50, order: "newest" });

/** In one line how the rule's alerts were judged; nothing while none was. */
export function Before({ alert }: { alert: Alert }) {
  const { data } = useQuery(judgedQuery(alert));
  const { judged, says } = tally(data?.items.filter((other) => other.id !== alert.id) ?? []);
  if (judged === 0) return null;
  return (
    <Text size="sm" mt="xs">
      The last {plural(judged, "alert")} of this rule {judged === 1 ? "was" : "were"} judged: <b>{says}</b>.
    </Text>
  );
}

export function Similar({ alert }: { alert: Alert }) {
  const byRule = useQuery(judgedQuery(alert));
  const byEntity = useQuery(
    pastAlertsQuery({
      entity_kind: alert.entity_kind,
      entity_value: alert.entity_value,
      limit: 50,
      order: "newest",
    }),
  );
  const entity = `${alert.entity_kind}:${alert.entity_value}`;
  return (
    <Stack gap="md">
      <Asked query={byEntity} loading={<Loading rows={2} />}>
        {({ items, next }) => (
          <Likes
            title={`About the same ${kindWord(alert.entity_kind)}`}
            alerts={items}
            more={next !== null}
            id={alert.id}
            none="This is the first alert about it."
            all={
              <Anchor
                size="sm"
                renderRoot={(props) => <Link to="/alerts" search={{ status: "any", entity }} {...props} />}
              >
                All of them
              </Anchor>
            }
          />
        )}
      </Asked>
      <Asked query={byRule} loading={<Loading rows={2} />}>
        {({ items, next }) => (
          <Likes
            title="Found by the same rule, and judged"
            alerts={items}
            more={next !== null}
            id={alert.id}
            none="None was judged yet."
            all={
              <Anchor
                size="sm"
                renderRoot={(props) => (
                  <Link to="/alerts" search={{ status: "any", rule: alert.rule_id, order: "newest" }} {...props} />
                )}
              >
                All of that rule
              </Anchor>
            }
          />
        )}
      </Asked>
    </Stack>
  );
}

function Likes({
  title,
  alerts,
  more,
  id,
  none,
  all,
}: {
  title: string;
  alerts: readonly Alert[];
  more: boolean;
  id: string;
  none: string;
  all: ReactNode;
}) {
  const rest = alerts.filter((alert) => alert.id !== id);
  const { judged, says } = tally(rest);
  return (
    <div>
      <Group justify="space-between" gap="xs">
        <Text size="sm" fw={600} component="h3" m={0}>
          {title}
        </Text>
        {rest.length > 0 && all}
      </Group>
      <Text size="sm" c="dimmed" mb={4}>
        {rest.length === 0
          ? none
          : `${count(rest.length)}${more ? " or more" : ""}${judged > 0 ? `: ${says}` : ", none judged"}`}
      </Text>
      <Stack gap={4} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
        {others(rest, id, MOST).map((other) => (
          <li key={other.id}>
            <Link to="/alerts/$id" params={{ id: other.id }} className={lines["line"]}>
              <Group gap={8} wrap="nowrap" align="flex-start">
                <span style={{ paddingTop: 3 }}>
                  <SeverityShape id={other.severity_id} />
                  <span style={HIDDEN}>{severityWord(other.severity_id)}</span>
                </span>
                <div style={{ minWidth: 0, flex: 1 }}>
                  <Text size="sm" className="rf-outside" lineClamp={2}>
                    {other.message}
                  </Text>
                  <Group gap="xs">
                    <AlertStatus alert={other} />
                    <Text size="xs" c="dimmed">
                      <When ms={other.last_time_ms} />
                    </Text>
                  </Group>
                  {other.verdict_reason && (
                    <Text size="xs" c="dimmed" className="rf-outside" lineClamp={2}>
                      {other.verdict_reason}
                    </Text>
                  )}
                </div>
              </Group>
            </Link>
          </li>
        ))}
      </Stack>
    </div>
  );
}
