/** One entry: what was recorded, and whether it is what was logged. */
import { Button, Code, Drawer, Group, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { evidenceQuery } from "../../api/queries";
import { download } from "../../lib/csv";
import { brief, count } from "../../lib/format";
import { exact } from "../../lib/time";
import { Copy } from "../../ui/Copyable";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Raw } from "../../ui/EvidenceRow";
import { Facts } from "../../ui/Facts";
import { Section } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { type Told, kindWord, manyWords, nameIn, tellText } from "./model";
import type { Names } from "./names";
import type { OwnKey } from "./ownKey";
import { Proof } from "./Proof";
import { Result } from "./Result";

type Entry = Schemas["EvidenceEntry"];
type Only = (change: { actor?: string; target?: string }) => void;

export function EntryDrawer({
  number,
  names,
  own,
  close,
  only,
}: {
  /** As it stands in the address. */
  number: string;
  names: Names;
  own: OwnKey;
  close: () => void;
  /** Lists the entries of somebody instead. */
  only: Only;
}) {
  useReturnFocus();
  const index = /^\d{1,15}$/.test(number) ? Number(number) : undefined;
  const title = index === undefined ? "Entry" : `Entry ${count(index)}`;
  return (
    <Drawer opened onClose={close} position="right" size="xl" title={title} {...DIALOG}>
      {index === undefined ? (
        <Empty title="There is no such entry">Entries have numbers, from 0 on.</Empty>
      ) : (
        <Whole index={index} names={names} own={own} only={only} />
      )}
    </Drawer>
  );
}

function Whole({ index, names, own, only }: { index: number; names: Names; own: OwnKey; only: Only }) {
  const query = useQuery(evidenceQuery(index));
  return (
    <Asked query={query} loading={<Loading rows={6} />}>
      {({ answer, entry }) => (
        <>
          <Section title="Proof">
            <Proof index={index} entry={entry} own={own} />
          </Section>
          {/* What is shown is read out of the text that was checked; names from elsewhere say so. */}
          <Record entry={entry} names={names} only={only} />
          <Section title="To take elsewhere">
            <Group gap="xs">
              <Button
                size="xs"
                variant="default"
                leftSection={<IconDownload size={14} />}
                onClick={() => download(`evidence-${index}.json`, "application/json", answer)}
              >
                Download this entry
              </Button>
            </Group>
            <Text size="xs" c="dimmed" mt={4}>
              Record, proof and all, to be checked without a server:{" "}
              <Code>ringfence verify --entry FILE --key KEY</Code>
            </Text>
          </Section>
        </>
      )}
    </Asked>
  );
}

function Record({ entry, names, only }: { entry: Entry; names: Names; only: Only }) {
  if (entry.text === null)
    return (
      <Section title="Record">
        <Text size="sm">
          The record was erased, and only its commitment remains in the log. Of it the server says no more than its
          kind, “{brief(kindWord(entry.kind))}”, and its time, {exact(entry.time_ms)}.
        </Text>
      </Section>
    );
  const told = tellText(entry.text);
  if (!told)
    return (
      <Section title="Record">
        <Raw text={entry.text} />
      </Section>
    );
  const ocsf = told.ocsf && JSON.stringify(told.ocsf, null, 2);
  return (
    <>
      <Section title="Record">
        <Text size="sm" fw={600} mb="xs" className="rf-outside">
          {brief(told.what, 1_000) || "It is not said what"}
          {manyWords(told)}
        </Text>
        <Facts
          facts={[
            ["Who", <Named key="w" id={told.who} told={told} names={names} none="several, or nobody known" />],
            ["When", told.when === undefined ? "not said" : exact(told.when)],
            ["Result", <Result key="r" result={told.result} />],
            ["From where", brief(told.origin, 120) || "not said"],
            ["To whom or what", <Named key="t" id={told.target} told={told} names={names} none="nobody" />],
            ["Program", brief(told.program)],
            ["Kind", brief(kindWord(told.kind))],
          ]}
        />
        <Group gap="xs" mt="sm">
          {entry.actor !== "" && (
            <Button size="compact-sm" variant="default" onClick={() => only({ actor: entry.actor })}>
              All that they did
            </Button>
          )}
          {entry.target !== "" && (
            <Button size="compact-sm" variant="default" onClick={() => only({ target: entry.target })}>
              All that was done to the same
            </Button>
          )}
        </Group>
      </Section>
      {ocsf !== undefined && (
        <Section title="The whole event (OCSF)" aside={<Copy text={ocsf} what="the whole event" />}>
          <Raw text={ocsf} />
        </Section>
      )}
    </>
  );
}

/** A name and the id that it stands for: the record is about the id. */
function Named({ id, told, names, none }: { id: string; told: Told; names: Names; none: string }) {
  if (id === "") return none;
  const now = names.get(id);
  const name = nameIn(told, id) ?? (now === undefined ? undefined : `${now} (as the accounts say now)`);
  return (
    <>
      {name !== undefined && (
        <>
          {brief(name, 128)}
          <br />
        </>
      )}
      <Text span size={name === undefined ? "sm" : "xs"} className="rf-mono">
        {brief(id, 200)}
      </Text>
    </>
  );
}
