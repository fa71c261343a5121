/** One agent, customer, number, address or device: what is wrong with it, what it did, whom it meets. */
import { Anchor, Box, Group, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { sqlQuery } from "../../api/queries";
import { count, label } from "../../lib/format";
import { numberOf, textOf, timeOf } from "../../lib/sql";
import { Copy } from "../../ui/Copyable";
import { Page } from "../../ui/Page";
import { Empty } from "../../ui/States";
import { When } from "../../ui/When";
import classes from "./Entity.module.css";
import { EntityAlerts } from "./EntityAlerts";
import { EntityTimeline } from "./EntityTimeline";
import { type Kind, factsSql, isKind, namesSql } from "./questions";

export function EntityPage() {
  const { kind, value } = useParams({ from: "/entity/$kind/$value" });
  if (!isKind(kind)) {
    return (
      <Page title="No such kind">
        <Empty title={`Nothing is known as “${kind}”`}>
          There are agents, customers, numbers, addresses and devices, and{" "}
          <Anchor size="sm" renderRoot={(props) => <Link to="/calls" {...props} />}>
            calls
          </Anchor>
          .
        </Empty>
      </Page>
    );
  }
  return <Known key={`${kind}/${value}`} kind={kind} value={value} />;
}

function Known({ kind, value }: { kind: Kind; value: string }) {
  const facts = useQuery({ ...sqlQuery(factsSql(kind, value), 1), staleTime: 60_000 });
  const row = facts.data?.rows[0];
  const latest = timeOf(row?.["last_seen"]);
  return (
    <Page
      title={`${label(kind)} ${value}`}
      lead={<Names kind={kind} value={value} />}
      actions={<Copy text={value} what={kind} />}
    >
      <Stack gap="md">
        <Facts kind={kind} row={row} state={facts.error ? "failed" : facts.isPending ? "pending" : "there"} />
        <EntityAlerts kind={kind} value={value} />
        <EntityTimeline kind={kind} value={value} latest={facts.isPending ? undefined : latest} />
      </Stack>
    </Page>
  );
}

function Names({ kind, value }: { kind: Kind; value: string }) {
  const sql = namesSql(kind, value);
  const query = useQuery({ ...sqlQuery(sql ?? "", 4), enabled: sql !== undefined, staleTime: 600_000 });
  const names = (query.data?.rows ?? []).map((row) => textOf(row["name"])).filter((n) => n !== "");
  if (names.length === 0) return null;
  return (
    <span className="rf-outside">
      {names.slice(0, 3).join(", ")}
      {names.length > 3 && " and other names"}
    </span>
  );
}

const COUNTS: Record<Kind, [string, string][]> = {
  agent: [
    ["calls", "Calls"],
    ["lookups", "Record look-ups"],
    ["logons", "Log-ins"],
    ["findings", "Findings"],
  ],
  customer: [
    ["calls", "Calls"],
    ["lookups", "Record look-ups"],
    ["findings", "Findings"],
  ],
  number: [
    ["calls", "Calls"],
    ["messages", "SIP messages"],
    ["findings", "Findings"],
  ],
  address: [
    ["messages", "SIP messages"],
    ["lookups", "Record look-ups"],
    ["logons", "Log-ins"],
    ["findings", "Findings"],
  ],
  device: [
    ["logons", "Log-ins"],
    ["lookups", "Record look-ups"],
    ["findings", "Findings"],
  ],
};

function Facts({
  kind,
  row,
  state,
}: {
  kind: Kind;
  row: Record<string, unknown> | undefined;
  state: "pending" | "failed" | "there";
}) {
  if (state === "failed") {
    return (
      <Text size="sm" c="dimmed">
        How often it was seen could not be asked.
      </Text>
    );
  }
  const first = timeOf(row?.["first_seen"]);
  const last = timeOf(row?.["last_seen"]);
  const cell = (name: string, what: React.ReactNode) => (
    <Box key={name} className={classes["fact"]}>
      <dt>{name}</dt>
      <dd>{state === "pending" ? "…" : what}</dd>
    </Box>
  );
  return (
    <Group component="dl" className={classes["facts"]} aria-label="In all that is kept" gap={0}>
      {cell("First seen", first === null ? "never" : <When ms={first} />)}
      {cell("Last seen", last === null ? "never" : <When ms={last} />)}
      {COUNTS[kind].map(([key, name]) => cell(name, count(numberOf(row?.[key]))))}
      {cell("All events", count(numberOf(row?.["events"])))}
    </Group>
  );
}
