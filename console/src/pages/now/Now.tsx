/** The home page: what is wrong now, what cannot be seen, and how it has been lately. */
import { Anchor, Badge, Box, Button, Group, Paper, SimpleGrid, Stack, Text } from "@mantine/core";
import { IconEyeOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Suspense, lazy, useState } from "react";
import { type Alert, alertsQuery, statusQuery } from "../../api/queries";
import { useLive } from "../../app/live";
import { count, plural } from "../../lib/format";
import { EntityChip, type ChipKind } from "../../ui/EntityChip";
import { Page, Section } from "../../ui/Page";
import { Severity } from "../../ui/Severity";
import { Asked, Empty, Loading } from "../../ui/States";
import { useNow, When } from "../../ui/When";
import { blindSpots, isBlind } from "./blind";
import { useHeld } from "./held";
import classes from "./Now.module.css";

const Trends = lazy(() => import("./Trends").then((m) => ({ default: m.Trends })));

const WRONG = { status: "open,acknowledged", order: "most_severe", limit: 25 } as const;

export function Now() {
  const alerts = useQuery(alertsQuery(WRONG));
  const open = alerts.data?.counts.open;
  return (
    <Page
      title="Now"
      lead={
        open === undefined
          ? "What needs a person, most severe first."
          : open === 0
            ? "Nothing waits for a person."
            : `${plural(open, "alert")} ${open === 1 ? "waits" : "wait"} for a person.`
      }
    >
      <div className={classes["columns"]}>
        <Section
          title="What is wrong"
          aside={
            <Anchor renderRoot={(props) => <Link to="/alerts" {...props} />} size="sm">
              All alerts
            </Anchor>
          }
        >
          <Asked query={alerts} loading={<Loading rows={7} height={52} />}>
            {(page) => <Wrong items={page.items} more={page.next !== null} />}
          </Asked>
        </Section>
        <Stack gap={0}>
          <Blind />
          <Section title="The last six hours">
            <Suspense fallback={<Loading rows={4} height={72} />}>
              <Trends />
            </Suspense>
          </Section>
        </Stack>
      </div>
    </Page>
  );
}

/** Most severe first. What changes meanwhile waits until the reader is not pointing at the list. */
function Wrong({ items, more }: { items: Alert[]; more: boolean }) {
  const [busy, setBusy] = useState(false);
  const { shown, waiting, take } = useHeld(items, busy);
  const { state } = useLive();
  const status = useQuery(statusQuery);
  if (shown.length === 0) {
    const blind = status.data !== undefined && isBlind(status.data);
    return blind ? (
      <Empty mood="blind" title="Nothing can be seen">
        No source sends anything, so nothing can be found either.{" "}
        <Anchor renderRoot={(props) => <Link to="/sources" search={{ add: "1" }} {...props} />}>
          Connect a source
        </Anchor>
      </Empty>
    ) : (
      <Empty mood="calm" title="Nothing is wrong">
        Every finding has been dealt with{state === "live" ? ", and new ones show here as they come." : "."}
      </Empty>
    );
  }
  return (
    <Paper
      onPointerEnter={() => setBusy(true)}
      onPointerLeave={() => setBusy(false)}
      onFocus={() => setBusy(true)}
      onBlur={() => setBusy(false)}
      pos="relative"
    >
      {waiting > 0 && (
        <Button size="compact-xs" variant="light" onClick={take} className={classes["waiting"]}>
          {plural(waiting, "change")}, show
        </Button>
      )}
      <ul className={classes["list"]} aria-label="Alerts, most severe first">
        {shown.map((alert) => (
          <li key={alert.id} className={`rf-row ${classes["item"] ?? ""}`}>
            <Sentence alert={alert} />
          </li>
        ))}
      </ul>
      {more && (
        <Box p="xs" ta="center">
          <Anchor renderRoot={(props) => <Link to="/alerts" {...props} />} size="sm">
            More alerts
          </Anchor>
        </Box>
      )}
    </Paper>
  );
}

const KINDS: Record<string, ChipKind> = {
  agent: "agent",
  customer: "customer",
  call: "call",
  caller: "number",
  number: "number",
  device: "device",
  src_ip: "address",
  ip: "address",
  address: "address",
};

function Sentence({ alert }: { alert: Alert }) {
  const kind = KINDS[alert.entity_kind];
  return (
    <Group wrap="nowrap" gap="sm" align="flex-start">
      <Box pt={2}>
        <Severity id={alert.severity_id} bare />
      </Box>
      <Box style={{ minWidth: 0, flex: 1 }}>
        <Anchor
          renderRoot={(props) => <Link to="/alerts/$id" params={{ id: alert.id }} {...props} />}
          c="inherit"
          fw={alert.severity_id >= 4 ? 600 : 500}
          size="sm"
          className="rf-outside"
        >
          {alert.message}
        </Anchor>
        <Group gap={8} mt={2}>
          {kind && <EntityChip kind={kind} value={alert.entity_value} size="xs" />}
          <Text size="xs" c="dimmed" span>
            {plural(alert.finding_count, "finding")} · <When ms={alert.last_received_ms} />
          </Text>
          {alert.status === "acknowledged" && (
            <Badge size="xs" variant="default" tt="none">
              {alert.assignee ? `with ${alert.assignee}` : "acknowledged"}
            </Badge>
          )}
        </Group>
      </Box>
    </Group>
  );
}

/** What cannot be seen: silent or lossy sources, parts that lag or do not work. */
function Blind() {
  const status = useQuery(statusQuery);
  const now = useNow();
  if (!status.data) return null;
  const spots = blindSpots(status.data, now);
  return (
    <Section
      title="What cannot be seen"
      aside={
        <Anchor renderRoot={(props) => <Link to="/sources" {...props} />} size="sm">
          Sources
        </Anchor>
      }
    >
      {spots.length === 0 ? (
        <Paper p="sm">
          <Text size="sm">
            {count(status.data.sources.length)} sources are heard, none has lost anything, and all parts keep up.
          </Text>
        </Paper>
      ) : (
        <SimpleGrid cols={1} spacing={6}>
          {spots.map((spot) => (
            <Paper key={spot.text} p="sm" role="status">
              <Group gap="xs" wrap="nowrap" align="flex-start">
                <Text c={spot.grave ? "orange.8" : "dimmed"} lh={0} pt={3}>
                  <IconEyeOff size={16} aria-hidden="true" />
                </Text>
                <Text size="sm" className="rf-outside">
                  {spot.text}
                </Text>
              </Group>
            </Paper>
          ))}
        </SimpleGrid>
      )}
    </Section>
  );
}
