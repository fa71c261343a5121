/** Sources: whether what should be heard is heard, what was refused, and how to connect one more. */
import { Button, Group, Kbd, List, Paper, Text, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Suspense, lazy, useRef, useState } from "react";
import { useKeys } from "../../app/keys";
import { quarantineQuery, sourcesQuery, statusQuery } from "../../api/queries";
import { step } from "../../lib/rows";
import { lasting } from "../../lib/time";
import { EndsSoon } from "../../ui/credentials/EndsSoon";
import { KeysHelp } from "../../ui/KeysHelp";
import { Notice } from "../../ui/Notice";
import { Page, Section } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { TrustShape } from "../../ui/TrustLight";
import { Connectors } from "./Connectors";
import { Flow } from "./Flow";
import { KEYS } from "./keys";
import { Listeners } from "./Listeners";
import { type SourceView, type Status, isBlind, joined, matching, summary } from "./model";
import { QuarantineList } from "./Quarantine";
import { useRates } from "./rates";
import { SourceDrawer } from "./SourceDrawer";
import { SourceTable } from "./SourceTable";

const Connect = lazy(() => import("./Connect").then((m) => ({ default: m.Connect })));

export function Sources() {
  const search = useSearch({ from: "/sources" });
  const navigate = useNavigate({ from: "/sources" });
  const status = useQuery(statusQuery);
  const sources = useQuery(sourcesQuery);
  const rate = useRates(status.data, status.dataUpdatedAt);
  const find = useRef<HTMLInputElement>(null);
  const [help, setHelp] = useState(false);
  const show = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: change.add === undefined });
  const connect = (what = "choose") => show({ add: what });
  useKeys({
    c: () => connect(),
    "/": () => find.current?.focus(),
    j: () => step("[data-source]", 1),
    k: () => step("[data-source]", -1),
    "?": () => setHelp(true),
  });
  // Both answers make the list; the one that failed says why.
  const both = {
    data: status.data && sources.data ? { status: status.data, declared: sources.data.items } : undefined,
    error: status.error ?? sources.error,
    isPending: status.isPending || sources.isPending,
    refetch: () => {
      void status.refetch();
      void sources.refetch();
    },
  };
  const views = both.data ? joined(both.data.status, both.data.declared) : [];
  const picked = views.find((view) => view.key === search.source);
  return (
    <Page
      title="Sources"
      lead={both.data ? summary(views) : "Who sends events, and whether all of it arrives"}
      actions={
        <Button
          leftSection={<IconPlus size={16} />}
          rightSection={<Kbd size="xs">C</Kbd>}
          onClick={() => connect()}
          size="sm"
        >
          Connect a source
        </Button>
      }
    >
      <Asked query={both} loading={<Loading rows={8} />}>
        {({ status: now }) => (
          <>
            <Readiness status={now} />
            <EndsSoon ending={now.ending.filter((one) => one.holder === "source")} />
            {isBlind(views) ? (
              <Blind views={views} connect={connect} />
            ) : (
              <Section
                title="Who sends"
                aside={
                  <TextInput
                    ref={find}
                    size="xs"
                    w={{ base: 160, sm: 240 }}
                    aria-label="Find a source by name, program, site or standing"
                    placeholder="Find a source ( / )"
                    leftSection={<IconSearch size={14} />}
                    value={search.text ?? ""}
                    onChange={(e) => show({ text: e.currentTarget.value || undefined })}
                  />
                }
              >
                <SourceTable
                  views={matching(views, search.text ?? "")}
                  rate={rate}
                  since={lasting(now.uptime_secs * 1_000)}
                  open={(key) => show({ source: key })}
                />
              </Section>
            )}
            {!(isBlind(views) && views.length === 0) && <Refused declared={both.data?.declared ?? []} />}
            <Listeners listeners={now.listeners} />
            <Connectors connectors={now.connectors} connect={connect} />
            <Flow status={now} />
          </>
        )}
      </Asked>
      {help && <KeysHelp list={KEYS} close={() => setHelp(false)} />}
      {picked && both.data && (
        <SourceDrawer
          view={picked}
          status={both.data.status}
          rate={rate(picked.key)}
          close={() => show({ source: undefined })}
        />
      )}
      {search.add !== undefined && sources.data && (
        <Suspense fallback={null}>
          <Connect
            what={search.add}
            choose={connect}
            close={() => show({ add: undefined })}
            declared={sources.data.items}
          />
        </Suspense>
      )}
    </Page>
  );
}

/** What the server itself says is wrong with it. */
function Readiness({ status }: { status: Status }) {
  const { ready, reasons, degraded } = status.readiness;
  if (ready && degraded.length === 0) return null;
  return (
    <Notice
      tone={ready ? "care" : "bad"}
      title={ready ? "Events are taken in, but a part does not work" : "The server cannot take events at present"}
    >
      <List size="sm">
        {[...reasons, ...degraded].map((reason) => (
          <List.Item key={reason} className="rf-outside">
            {reason}
          </List.Item>
        ))}
      </List>
    </Notice>
  );
}

function Blind({ views, connect }: { views: SourceView[]; connect: (what?: string) => void }) {
  return (
    <Section title="Who sends">
      <Empty mood="blind" title="No source has sent anything yet">
        {views.length > 0
          ? "Sources exist, and nothing came from any of them: look at the senders. Until then nothing can be found, and no alert means nothing."
          : "Nothing is connected. Until something is, nothing can be found, and no alert means nothing."}
        <div>
          <Button mt="md" leftSection={<IconPlus size={16} />} onClick={() => connect()}>
            Connect a source
          </Button>
          <Button mt="md" ml="xs" variant="default" onClick={() => connect("curl")}>
            Send one event by hand
          </Button>
        </div>
      </Empty>
    </Section>
  );
}

/** The newest refused records of all sources. */
function Refused({ declared }: { declared: Parameters<typeof QuarantineList>[0]["declared"] }) {
  const query = useQuery(quarantineQuery());
  return (
    <Section title="Refused records">
      <Asked
        query={query}
        loading={<Loading rows={2} />}
        empty={(page) => (page.items.length === 0 ? <NothingRefused /> : undefined)}
      >
        {(page) => (
          <QuarantineList items={page.items} stats={page.stats} more={page.next !== null} declared={declared} />
        )}
      </Asked>
    </Section>
  );
}

function NothingRefused() {
  return (
    <Paper p="md">
      <Group gap={8} wrap="nowrap">
        <TrustShape trust="good" />
        <Text size="sm">
          Nothing was refused.{" "}
          <Text span size="sm" c="dimmed">
            A record that cannot be read is kept here with the place of its fault.
          </Text>
        </Text>
      </Group>
    </Paper>
  );
}
