/** The evidence log: who did what to whom, and the proof that nobody changed it since. */
import { Box, Button, Group, Text } from "@mantine/core";
import { IconFileCheck } from "@tabler/icons-react";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { evidencePagesQuery } from "../../api/queries";
import { useKeys } from "../../app/keys";
import { useMay } from "../../app/session";
import { count, plural } from "../../lib/format";
import { step } from "../../lib/rows";
import { Copyable } from "../../ui/Copyable";
import { KeysHelp } from "../../ui/KeysHelp";
import { Page } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { Wrong } from "../../ui/Wrong";
import { CheckBundle } from "./CheckBundle";
import { EntryDrawer } from "./EntryDrawer";
import { EntryTable } from "./EntryTable";
import { Filters } from "./Filters";
import { KEYS } from "./keys";
import { KeyNotice } from "./KeyNotice";
import { filterOf, isFiltered } from "./model";
import { useNames } from "./names";
import { useOwnKey } from "./ownKey";
import { TakeOut, Taken, useTaking } from "./TakeOut";

export function EvidencePage() {
  const search = useSearch({ from: "/evidence" });
  const navigate = useNavigate({ from: "/evidence" });
  // “The last hour” is that before one chose it: the question stays the same, and its answer is kept.
  const [at, setAt] = useState(() => Date.now());
  const [help, setHelp] = useState(false);
  const [checking, setChecking] = useState(false);
  const { entry, ...params } = search;
  const filter = filterOf(params, at);
  const query = useInfiniteQuery(evidencePagesQuery(filter));
  const taking = useTaking();
  const mayTake = useMay("evidence:export");
  const names = useNames();
  const own = useOwnKey();
  const show = (change: { [K in keyof typeof search]: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  useKeys({
    j: () => step("[data-entry]", 1),
    k: () => step("[data-entry]", -1),
    c: () => setChecking(true),
    "?": () => setHelp(true),
  });
  const log = query.data?.pages[0]?.log;
  const filtered = isFiltered(params);
  return (
    <Page
      title="Evidence"
      lead={log ? `The log has ${sayEntries(log.size)}` : "Who did what, and the proof of it"}
      actions={
        <>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconFileCheck size={14} />}
            onClick={() => setChecking(true)}
          >
            Check a bundle
          </Button>
          {mayTake && <TakeOut taking={taking} filter={filter} />}
        </>
      }
    >
      <Taken taking={taking} />
      {log && (
        <Box mb="md">
          <KeyNotice shown={log.key} own={own.key} />
          <Copyable
            title="The log's key"
            text={log.key}
            wrap
            note="Write it down where whoever runs Ringfence cannot change it: who has the key can tell this log from another that was put in its place."
          />
        </Box>
      )}
      <Filters
        params={params}
        names={names}
        at={at}
        show={(change) => {
          setAt(Date.now());
          show(change);
        }}
      />
      <Asked
        query={query}
        loading={<Loading rows={8} />}
        empty={({ pages }) =>
          pages[0]?.items.length === 0 &&
          (filtered ? (
            <Empty title="Nothing is like that">Show all of them, or ask for something else.</Empty>
          ) : (
            <Empty title="Nothing is in the log">What people and Ringfence do will be here.</Empty>
          ))
        }
      >
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          return (
            <>
              <EntryTable items={items} names={names} />
              <Wrong error={query.isFetchNextPageError ? query.error : null} />
              <Group gap="xs" mt="xs">
                {query.hasNextPage && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    loading={query.isFetchingNextPage}
                    onClick={() => void query.fetchNextPage()}
                  >
                    Show more
                  </Button>
                )}
                <Text size="xs" c="dimmed" role="status">
                  {query.hasNextPage ? `The newest ${count(items.length)}` : sayEntries(items.length)}
                  {filtered && " that are like that"}
                </Text>
              </Group>
            </>
          );
        }}
      </Asked>
      {checking && <CheckBundle own={own} close={() => setChecking(false)} />}
      {help && <KeysHelp list={KEYS} close={() => setHelp(false)} />}
      {entry !== undefined && (
        <EntryDrawer
          key={entry}
          number={entry}
          names={names}
          own={own}
          close={() => show({ entry: undefined })}
          only={(change) => {
            setAt(Date.now());
            show({ actor: undefined, target: undefined, kind: undefined, entry: undefined, ...change });
          }}
        />
      )}
    </Page>
  );
}

const sayEntries = (n: number): string => plural(n, "entry", "entries");
