/** Takes what is listed out as one file, for somebody who trusts nobody here. */
import { Button, Code, Text } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { type EvidenceFilter, takeEvidence } from "../../api/queries";
import { sentRecords } from "../../lib/bundle";
import { download } from "../../lib/csv";
import { bytes, plural } from "../../lib/format";
import { Notice } from "../../ui/Notice";
import { Wrong } from "../../ui/Wrong";

export interface Taking {
  begin: (filter: EvidenceFilter) => void;
  pending: boolean;
  error: Error | null;
  done: { name: string; size: number; records: number } | undefined;
}

/** Asks for a bundle and hands it to the browser. */
export function useTaking(): Taking {
  const doing = useMutation({
    mutationFn: async (filter: EvidenceFilter) => {
      const bundle = await takeEvidence(filter);
      const records = await sentRecords(bundle);
      if (records === undefined)
        throw new Error(
          "The server broke its answer off, and nothing was saved. Try it again, or take out less at a time.",
        );
      const name = `evidence-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}Z.jsonl`;
      download(name, "application/x-ndjson", bundle);
      return { name, size: bundle.size, records };
    },
  });
  return { begin: doing.mutate, pending: doing.isPending, error: doing.error, done: doing.data };
}

export function TakeOut({ taking, filter }: { taking: Taking; filter: EvidenceFilter }) {
  return (
    <Button
      size="xs"
      variant="default"
      leftSection={<IconDownload size={14} />}
      loading={taking.pending}
      onClick={() => taking.begin(filter)}
    >
      Export for an auditor
    </Button>
  );
}

/** What became of it. */
export function Taken({ taking: { pending, error, done } }: { taking: Taking }) {
  if (pending) return null;
  return (
    <>
      <Wrong error={error} />
      {done && (
        <Notice data-export="done">
          {plural(done.records, "record")} with proofs ({bytes(done.size)}) went into <Code>{done.name}</Code>. That you
          took them is recorded.
          <Text size="xs" c="dimmed" mt={4}>
            It is checked without a server, here or by <Code>ringfence verify --bundle FILE --key KEY</Code>. Give the
            log&apos;s key to whoever checks it by another way than the file.
          </Text>
        </Notice>
      )}
    </>
  );
}
