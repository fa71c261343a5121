/** Whether an entry is in the log: worked out in this browser. The server is not asked what it thinks of itself. */
import { Button, Group, Text, TextInput } from "@mantine/core";
import { IconShieldCheck } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import type { Schemas } from "../../api/client";
import { count } from "../../lib/format";
import { type Verdict, check, wrongWithKey } from "../../lib/tlog";
import { Copyable } from "../../ui/Copyable";
import { Notice } from "../../ui/Notice";
import { Loading } from "../../ui/States";
import { useNow } from "../../ui/When";
import { Wrong } from "../../ui/Wrong";
import { KeyNotice } from "./KeyNotice";
import type { OwnKey } from "./ownKey";

/** An entry has its proof within a second, and what counts the rest of a minute a minute later. */
const LATE_MS = 5 * 60_000;

export function Proof({ index, entry, own }: { index: number; entry: Schemas["EvidenceEntry"]; own: OwnKey }) {
  const key = own.key ?? entry.log.key;
  const { time_ms, kind, text, salt, proof } = entry;
  // Of the number that was asked for: whatever else the server answered is not proved.
  const asked = { index, time_ms, kind, text, salt, proof };
  const { data: verdict } = useQuery({
    queryKey: ["evidence-check", asked, key],
    queryFn: () => check(asked, key),
    staleTime: Infinity,
    // It needs no network.
    networkMode: "always",
  });
  return (
    <>
      <KeyNotice shown={entry.log.key} own={own.key} />
      {verdict ? <Said verdict={verdict} index={index} time_ms={time_ms} /> : <Loading rows={1} />}
      {own.key === undefined ? (
        <Copyable
          title="The log's key"
          text={entry.log.key}
          wrap
          note="This key comes from the server, which could show one that fits whatever it shows. Give the key that you wrote down, or got from somebody else, and trust the server no more than that."
        />
      ) : (
        <Copyable
          title="The key that you wrote down"
          text={own.key}
          wrap
          note="It is checked with this key, which this browser remembers, and not with what the server says."
        />
      )}
      <Own key={own.key} own={own} />
    </>
  );
}

function Said({ verdict, index, time_ms }: { verdict: Verdict; index: number; time_ms: number }) {
  const now = useNow();
  const number = count(index);
  switch (verdict.is) {
    case "good":
      return (
        <Notice icon={<IconShieldCheck size={18} />} data-proof="good">
          Checked in this browser: the log&apos;s checkpoint of {entries(verdict.size)} has this record at number{" "}
          {number}.
        </Notice>
      );
    case "erased":
      return (
        <Notice data-proof="erased">
          The record was erased, and only its commitment remains. Of the rest was checked in this browser: the log
          signed a checkpoint of {entries(verdict.size)}, of which number {number} is one.
        </Notice>
      );
    case "waits":
      return now - time_ms > LATE_MS ? (
        <Notice tone="bad" title="This entry has no proof" data-proof="late">
          It should have had one within a second. What is shown here may not be in the log at all.
        </Notice>
      ) : (
        <Notice tone="care" data-proof="waits">
          It is not in the log yet. That takes about a second; then it is checked here.
        </Notice>
      );
    case "bad":
      return verdict.step === "browser" ? (
        <Notice tone="care" title="Not checked" data-proof="unchecked">
          {verdict.why} The command below checks it as well.
        </Notice>
      ) : (
        <Notice tone="bad" title="This entry is not proved: do not rely on it" data-proof="bad">
          {verdict.why}
        </Notice>
      );
  }
}

const entries = (size: bigint): string => `${count(Number(size))} ${size === 1n ? "entry" : "entries"}`;

/** Takes the key that somebody got elsewhere, or gives it up. */
function Own({ own }: { own: OwnKey }) {
  const [text, setText] = useState("");
  const use = useMutation({
    networkMode: "always",
    mutationFn: async (key: string) => {
      const wrong = await wrongWithKey(key);
      if (wrong !== undefined) throw new Error(wrong);
      own.set(key);
    },
  });
  if (own.key !== undefined)
    return (
      <Button mt="xs" size="compact-sm" variant="default" onClick={() => own.set(undefined)}>
        Forget this key
      </Button>
    );
  return (
    <form
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        use.mutate(text.trim());
      }}
    >
      <Group gap="xs" mt="sm" mb="xs" align="flex-end">
        <TextInput
          size="xs"
          flex={1}
          miw={200}
          label="The key that you wrote down"
          placeholder="name+12345678+…"
          autoComplete="off"
          spellCheck={false}
          maxLength={512}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button type="submit" size="xs" variant="default" disabled={text.trim() === ""} loading={use.isPending}>
          Check with it
        </Button>
      </Group>
      <Wrong error={use.error} />
      <Text size="xs" c="dimmed">
        This browser remembers it for this server.
      </Text>
    </form>
  );
}
