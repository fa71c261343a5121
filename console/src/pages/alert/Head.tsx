/** What happened, where it stands, and what can be done about it. */
import { Alert as Notice, Anchor, Button, Group, Kbd, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Alert } from "../../api/queries";
import { useSession } from "../../app/session";
import { count } from "../../lib/format";
import { lasting } from "../../lib/time";
import { AlertStatus, verdictWord } from "../../ui/AlertStatus";
import { EntityChip } from "../../ui/EntityChip";
import { Facts } from "../../ui/Facts";
import { Severity } from "../../ui/Severity";
import { StoryEntity } from "../../ui/StoryEntity";
import { When } from "../../ui/When";
import { type Neighbours, wayBack } from "../alerts/neighbours";

/** Above the sentence: the way back, the neighbours, how bad it is. */
export function Crumbs({ alert, near }: { alert: Alert; near: Neighbours | undefined }) {
  return (
    <Group justify="space-between" mb={4} gap="xs">
      <Group gap="sm">
        <Anchor renderRoot={(props) => <Link to="/alerts" search={wayBack(alert.id)} {...props} />} size="sm">
          Alerts
        </Anchor>
        <Severity id={alert.severity_id} />
        <AlertStatus alert={alert} />
      </Group>
      {near && (
        <Group gap={4} wrap="nowrap">
          <Step id={near.previous} label="Previous alert of the list (k)">
            <IconChevronLeft size={16} aria-hidden="true" />
          </Step>
          <Text size="sm" c="dimmed" className="rf-num">
            {count(near.place)} of {count(near.of)}
          </Text>
          <Step id={near.next} label="Next alert of the list (j)">
            <IconChevronRight size={16} aria-hidden="true" />
          </Step>
        </Group>
      )}
    </Group>
  );
}

function Step({ id, label, children }: { id: string | undefined; label: string; children: ReactNode }) {
  if (id === undefined) {
    return (
      <Button size="compact-sm" variant="subtle" color="gray" disabled aria-label={label}>
        {children}
      </Button>
    );
  }
  return (
    <Button
      size="compact-sm"
      variant="subtle"
      color="gray"
      aria-label={label}
      title={label}
      renderRoot={(props) => <Link to="/alerts/$id" params={{ id }} {...props} />}
    >
      {children}
    </Button>
  );
}

export function Actions({
  alert,
  does,
}: {
  alert: Alert;
  does: { acknowledge: () => void; assign: () => void; close: () => void; reopen: () => void };
}) {
  const closed = alert.status === "closed";
  return (
    <Group gap="xs">
      {alert.status === "open" && <Do label="Acknowledge" keys="u" act={does.acknowledge} />}
      <Do label={alert.assignee === null ? "Assign" : "Assign anew"} keys="a" act={does.assign} />
      {alert.status !== "open" && <Do label="Reopen" act={does.reopen} />}
      <Do label={closed ? "Change verdict" : "Close"} keys="e" act={does.close} first={!closed} />
    </Group>
  );
}

function Do({ label, keys, act, first = false }: { label: string; keys?: string; act: () => void; first?: boolean }) {
  return (
    <Button
      size="sm"
      h={34}
      variant={first ? "filled" : "default"}
      onClick={act}
      {...(keys
        ? {
            "aria-keyshortcuts": keys,
            rightSection: (
              <Kbd size="xs" visibleFrom="sm" aria-hidden="true">
                {keys}
              </Kbd>
            ),
          }
        : {})}
    >
      {label}
    </Button>
  );
}

export function Standing({ alert, take }: { alert: Alert; take: () => void }) {
  const me = useSession().name;
  return (
    <>
      {alert.status === "closed" && alert.verdict && (
        <Notice
          mb="md"
          color="gray"
          title={`Closed as ${verdictWord(alert.verdict).toLowerCase()}`}
          styles={{ message: { color: "var(--mantine-color-text)" } }}
        >
          <Text size="sm" className="rf-outside" style={{ whiteSpace: "pre-wrap" }}>
            {alert.verdict_reason}
          </Text>
          {alert.closed_ms !== null && (
            <Text size="xs" c="dimmed" mt={4}>
              <When ms={alert.closed_ms} />
            </Text>
          )}
        </Notice>
      )}
      <Facts
        cols={6}
        facts={[
          ["About", <StoryEntity key="e" kind={alert.entity_kind} value={alert.entity_value} />],
          [
            "Assigned to",
            alert.assignee === null ? (
              <Group gap={6} key="a">
                nobody
                <Button size="compact-xs" variant="default" onClick={take}>
                  Take it
                </Button>
              </Group>
            ) : (
              <bdi key="a">{alert.assignee === me ? `${me} (you)` : alert.assignee}</bdi>
            ),
          ],
          ["Program", <EntityChip key="p" kind="program" value={alert.program} />],
          ["Findings", count(alert.finding_count)],
          ["First", <When key="f" ms={alert.first_time_ms} />],
          [
            "Last",
            <span key="l">
              <When ms={alert.last_time_ms} />
              {alert.last_time_ms - alert.first_time_ms >= 1_000 && (
                <Text span size="xs" c="dimmed">
                  {" "}
                  after {lasting(alert.last_time_ms - alert.first_time_ms)}
                </Text>
              )}
            </span>,
          ],
        ]}
      />
      {alert.previous_id !== null && (
        <Text size="sm" mt="xs">
          It goes on from{" "}
          <Anchor
            inherit
            renderRoot={(props) => <Link to="/alerts/$id" params={{ id: alert.previous_id ?? "" }} {...props} />}
          >
            an earlier alert about the same
          </Anchor>
          .
        </Text>
      )}
    </>
  );
}
