/** Checks a bundle that somebody took out of an evidence log, of this server or another one, in this browser. */
import { Box, Button, Code, Drawer, FileButton, Group, Progress, Text } from "@mantine/core";
import { IconFileCheck, IconShieldCheck } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type DragEvent, useState } from "react";
import { type BundleVerdict, MOST_BUNDLE, checkBundle } from "../../lib/bundle";
import { brief, count, plural } from "../../lib/format";
import { exact } from "../../lib/time";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Facts } from "../../ui/Facts";
import { Notice } from "../../ui/Notice";
import { Wrong } from "../../ui/Wrong";
import { BundleRecords } from "./BundleRecords";
import type { OwnKey } from "./ownKey";

export function CheckBundle({ own, close }: { own: OwnKey; close: () => void }) {
  useReturnFocus();
  const [over, setOver] = useState(false);
  const [done, setDone] = useState(0);
  const checking = useMutation({
    // It needs no network.
    networkMode: "always",
    mutationFn: async (file: File) => {
      if (file.size > MOST_BUNDLE)
        throw new Error("The file is too large for a browser: `ringfence verify --bundle` checks it.");
      setDone(0);
      const bytes = new Uint8Array(await file.arrayBuffer());
      return { name: file.name, verdict: await checkBundle(bytes, own.key, setDone) };
    },
  });
  const take = (file: File | null | undefined) => {
    if (file) checking.mutate(file);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files[0]);
  };
  return (
    <Drawer opened onClose={close} position="right" size="xl" title="Check a bundle" {...DIALOG}>
      <Box
        p="lg"
        mb="md"
        ta="center"
        style={{
          border: `1px dashed var(${over ? "--mantine-primary-color-filled" : "--rf-line"})`,
          borderRadius: "var(--mantine-radius-default)",
        }}
        data-drop
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={drop}
      >
        <FileButton onChange={take} accept=".jsonl,application/x-ndjson">
          {(props) => (
            <Button
              {...props}
              variant="default"
              leftSection={<IconFileCheck size={16} />}
              loading={checking.isPending}
              data-autofocus
            >
              Choose a bundle
            </Button>
          )}
        </FileButton>
        <Text size="sm" c="dimmed" mt="xs">
          or drop it here. It stays in this browser.
        </Text>
      </Box>
      <div aria-live="polite">
        {checking.isPending && <Progress value={done * 100} aria-label="How much of it is checked" size="sm" mb="sm" />}
        <Wrong error={checking.error} />
        {!checking.isPending && checking.data && (
          <Said name={checking.data.name} verdict={checking.data.verdict} own={own} />
        )}
      </div>
    </Drawer>
  );
}

function Said({ name, verdict, own }: { name: string; verdict: BundleVerdict; own: OwnKey }) {
  if (verdict.is === "bad")
    return verdict.browser ? (
      <Notice tone="care" title="Not checked" data-bundle="unchecked">
        {verdict.why}
      </Notice>
    ) : (
      <Notice tone="bad" title={`${brief(name, 80)} proves nothing`} data-bundle="bad">
        {brief(verdict.why, 400)}
      </Notice>
    );
  const { about, size, records, faults } = verdict;
  const wrong = records.filter((record) => record.wrong !== undefined).length;
  const kept = records.filter((record) => record.wrong === undefined && record.text !== null).length;
  const erased = records.length - wrong - kept;
  const entries = `${count(Number(size))} ${size === 1n ? "entry" : "entries"}`;
  const filter = Object.entries(about.filter).map(([field, value]) =>
    field.endsWith("_ms") && typeof value === "number"
      ? `${field === "from_ms" ? "from" : "until"} ${exact(value)}`
      : `${field} ${brief(String(value), 80)}`,
  );
  return (
    <>
      {wrong + faults.length === 0 ? (
        <Notice icon={<IconShieldCheck size={18} />} data-bundle="good">
          Checked in this browser: {plural(kept, "record")} {kept === 1 ? "is" : "are"} what was logged
          {erased > 0 && `, ${count(erased)} were erased`}, and the bundle is whole. The log signed it at {entries}.
        </Notice>
      ) : (
        <Notice tone="bad" title="This bundle is not what was logged: do not rely on it" data-bundle="faulty">
          {wrong > 0 && (
            <div>
              {plural(wrong, "record")} of it {wrong === 1 ? "is" : "are"} not proved.
            </div>
          )}
          {faults.map((fault) => (
            <div key={fault}>{brief(fault, 400)}</div>
          ))}
        </Notice>
      )}
      {own.key === undefined ? (
        <Notice tone="care" data-bundle-key="own">
          It was checked with the key that it names itself, which whoever made it could have made, too. Compare it with
          the one that you know: <Code>{about.key}</Code>
        </Notice>
      ) : (
        <Text size="xs" c="dimmed" mb="sm">
          It was checked with the key that you wrote down.
        </Text>
      )}
      <Facts
        facts={[
          ["Taken by", brief(about.by, 128)],
          ["When", exact(about.at_ms)],
          ["Programs", about.programs === null ? "all" : about.programs.map((one) => brief(one)).join(", ") || "none"],
          ["Asked for", filter.join(", ") || "everything"],
        ]}
      />
      <Group mt="md" />
      <BundleRecords records={records} />
    </>
  );
}
