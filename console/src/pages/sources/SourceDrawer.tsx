/** One source: how it stands, what it sent, what was refused, what can be done. */
import { Anchor, Box, Drawer, Group, Stack, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { api, ask } from "../../api/client";
import { quarantineQuery, sourcesQuery, sqlQuery } from "../../api/queries";
import { useMay } from "../../app/session";
import { bytes, count } from "../../lib/format";
import { bins, binsSql } from "../../lib/bins";
import { quoted } from "../../lib/sql";
import { Certificates } from "../../ui/credentials/Certificates";
import { LetInBy } from "../../ui/credentials/LetIn";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Facts } from "../../ui/Facts";
import { Section } from "../../ui/Page";
import { Asked, Loading } from "../../ui/States";
import { Trend } from "../../ui/Trend";
import { TrustShape } from "../../ui/TrustLight";
import { When, useNow } from "../../ui/When";
import {
  type Declared,
  NO_COUNTS,
  type SourceView,
  type Status,
  expected,
  isOfConfig,
  keyOf,
  may,
  signOf,
} from "./model";
import { QuarantineList } from "./Quarantine";
import { sayRate } from "./rates";
import { SourceActions } from "./SourceActions";
import { sayKind } from "./SourceTable";

const QUARTER_MS = 15 * 60_000;

/** Later facts about an event are rows too, and no events. Records without a mapping have class 0 as well. */
const NOT_REVISED = "(class_uid <> 0 OR message IS DISTINCT FROM 'call facts revised')";

export function SourceDrawer({
  view,
  status,
  rate,
  close,
}: {
  view: SourceView;
  status: Status;
  rate: number | undefined;
  close: () => void;
}) {
  useReturnFocus();
  const sign = signOf(view.verdict);
  const counts = view.count ?? NO_COUNTS;
  const { declared } = view;
  return (
    <Drawer opened onClose={close} position="right" size="xl" title={view.name} {...DIALOG}>
      <Group gap={8} wrap="nowrap" align="flex-start" mb="md">
        <Box pt={3}>
          <TrustShape trust={sign.trust} />
        </Box>
        <div>
          <Text fw={600}>{sign.word}</Text>
          <Text size="sm" c="dimmed">
            {sign.why}{" "}
            {view.lastMs !== null && (
              <>
                Last heard <When ms={view.lastMs} />
                {declared && <>, expected {sayExpected(declared.expect_every_secs)}</>}.
              </>
            )}
          </Text>
        </div>
      </Group>
      <Section title="Figures" aside={<Since status={status} />}>
        <Facts
          facts={[
            ["Rate now", sayRate(rate)],
            ["Accepted", count(counts.accepted)],
            ["Size", bytes(counts.bytes)],
            ["Rejected", count(counts.rejected)],
            ["Lost", count(counts.lost)],
            ["Duplicates", count(counts.duplicates)],
          ]}
        />
        <Box mt="sm">
          <Received view={view} />
        </Box>
      </Section>
      <Section title="What it is">
        <Facts
          facts={[
            ["Program", view.program],
            ["Site", view.site],
            ["How it sends", sayKind(declared?.kind)],
            ["May", may(declared)],
            ["From", declared && declared.allowed_peers.length > 0 ? declared.allowed_peers.join(", ") : "any address"],
            ["Made", declared ? <When ms={declared.created_ms} /> : "built in"],
          ]}
        />
      </Section>
      <Section title="What was refused">
        <RefusedOf view={view} />
      </Section>
      <Section title="Change it">
        <SourceActions view={view} />
      </Section>
      {declared && !isOfConfig(declared) && (
        <Section title="Certificates">
          <Proofs key={declared.id} source={declared} />
        </Section>
      )}
      <Anchor
        size="sm"
        renderRoot={(props) => (
          <Link
            to="/search"
            search={{
              mode: "sql",
              sql: `SELECT * FROM events WHERE source = ${quoted(view.name)} AND program = ${quoted(view.program)} ORDER BY time DESC`,
            }}
            {...props}
          />
        )}
      >
        Its events in the search
      </Anchor>
    </Drawer>
  );
}

function Proofs({ source }: { source: Declared }) {
  const client = useQueryClient();
  const changes = useMay("source:change");
  return (
    <Stack>
      <Certificates holder={{ kind: "source", id: source.id, name: source.name }} changes={changes} />
      {changes && (
        <LetInBy
          certificate={source.certificate}
          names={source.certificate_names}
          does={async (body) => {
            await ask(api.PATCH("/api/v1/sources/{id}", { params: { path: { id: source.id } }, body }));
            await client.invalidateQueries({ queryKey: sourcesQuery.queryKey });
          }}
        />
      )}
    </Stack>
  );
}

const sayExpected = (secs: number | null): string =>
  secs === null ? "as it usually sends (learned: four times its longest recent pause)" : expected(secs);

function Since({ status }: { status: Status }) {
  return (
    <Text size="xs" c="dimmed">
      since the server started <When ms={status.started_ms} />
    </Text>
  );
}

/** Events that arrived over the last day: a gap shows at a glance. */
function Received({ view }: { view: SourceView }) {
  const now = useNow();
  const to = Math.ceil(now / QUARTER_MS) * QUARTER_MS;
  const from = to - 96 * QUARTER_MS;
  const where = `source = ${quoted(view.name)} AND program = ${quoted(view.program)} AND class_uid <> 2004 AND ${NOT_REVISED}`;
  const query = useQuery(sqlQuery(binsSql("received_time", where, from, to, QUARTER_MS), 200));
  const series = useMemo(() => bins(query.data?.rows ?? [], from, to, QUARTER_MS), [query.data, from, to]);
  return (
    <Asked query={query} loading={<Loading rows={1} height={64} />}>
      {() => <Trend title="Received, last 24 hours" unit="events" series={series} />}
    </Asked>
  );
}

/** A built-in source has no id to ask by: its rows are picked out of all. */
function RefusedOf({ view }: { view: SourceView }) {
  const query = useQuery(quarantineQuery(view.declared?.id));
  return (
    <Asked query={query} loading={<Loading rows={2} />}>
      {(page) => {
        const items = page.items.filter((item) => keyOf(item.program, item.source) === view.key);
        return items.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing of it is in quarantine.
          </Text>
        ) : (
          <QuarantineList items={items} more={page.next !== null} />
        );
      }}
    </Asked>
  );
}
