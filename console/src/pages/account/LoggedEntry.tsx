/** One entry about whoever looks, and whether it is in the log: worked out in this browser. */
import { Button, Drawer, Text } from "@mantine/core";
import { IconDownload, IconShieldCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../../api/client";
import { myEntryQuery } from "../../api/queries";
import { download } from "../../lib/csv";
import { brief, count } from "../../lib/format";
import { exact } from "../../lib/time";
import { type Verdict, check, checkBare } from "../../lib/tlog";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Raw } from "../../ui/EvidenceRow";
import { Facts } from "../../ui/Facts";
import { Notice } from "../../ui/Notice";
import { Section } from "../../ui/Page";
import { Asked, Loading } from "../../ui/States";
import { kindWord } from "../evidence/model";
import { useOwnKey } from "../evidence/ownKey";

export function LoggedEntry({ index, close }: { index: number; close: () => void }) {
  useReturnFocus();
  const query = useQuery(myEntryQuery(index));
  return (
    <Drawer opened onClose={close} position="right" size="lg" title={`Entry ${count(index)}`} {...DIALOG}>
      <Asked query={query} loading={<Loading rows={5} />}>
        {(entry) => <Whole index={index} entry={entry} />}
      </Asked>
    </Drawer>
  );
}

function Whole({ index, entry }: { index: number; entry: Schemas["MyEvidenceEntry"] }) {
  const own = useOwnKey();
  const key = own.key ?? entry.log.key;
  const asked = { index, time_ms: entry.time_ms, kind: entry.kind, proof: entry.proof };
  const { data: verdict } = useQuery({
    queryKey: ["my-evidence-check", asked, entry.text, entry.entry, key],
    queryFn: () =>
      entry.text === null
        ? checkBare({ ...asked, entry: entry.entry }, key)
        : check({ ...asked, text: entry.text, salt: entry.salt }, key),
    staleTime: Infinity,
    networkMode: "always",
  });
  return (
    <>
      {verdict ? <Said verdict={verdict} index={index} whole={entry.text !== null} /> : <Loading rows={1} />}
      <Facts
        facts={[
          ["What", entry.what === null ? "erased" : brief(entry.what, 1_000)],
          ["Who", entry.by_me ? "you" : brief(entry.actor_name ?? entry.actor, 128)],
          ["When", exact(entry.time_ms)],
          ["Kind", brief(kindWord(entry.kind))],
          ["Result", entry.result === null ? "erased" : brief(entry.result)],
        ]}
      />
      {entry.text !== null ? (
        <Section title="Record">
          <Raw text={entry.text} />
        </Section>
      ) : (
        entry.what !== null && (
          <Text size="xs" c="dimmed" mt="sm">
            The rest of the record is about whoever did it, and is not shown. The log commits to it: an auditor can open
            it, and it can be no other one then.
          </Text>
        )
      )}
      <Button
        mt="md"
        size="xs"
        variant="default"
        leftSection={<IconDownload size={14} />}
        onClick={() => download(`evidence-${index}.json`, "application/json", JSON.stringify(entry, null, 2))}
      >
        Download this entry
      </Button>
    </>
  );
}

function Said({ verdict, index, whole }: { verdict: Verdict; index: number; whole: boolean }) {
  switch (verdict.is) {
    case "good":
      return (
        <Notice icon={<IconShieldCheck size={18} />} data-proof="good">
          Checked in this browser: the log has {whole ? "this record" : "the entry of this record"} at number{" "}
          {count(index)}, of {count(Number(verdict.size))}.
        </Notice>
      );
    case "erased":
    case "waits":
      return (
        <Notice tone="care" data-proof="waits">
          It is not in the log yet. That takes about a second; then it is checked here.
        </Notice>
      );
    case "bad":
      return verdict.step === "browser" ? (
        <Notice tone="care" title="Not checked" data-proof="unchecked">
          {verdict.why}
        </Notice>
      ) : (
        <Notice tone="bad" title="This entry is not proved: do not rely on it" data-proof="bad">
          {verdict.why}
        </Notice>
      );
  }
}
