/** Every finding that is kept with the alert, newest first. */
import { Button, Group, Paper, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { count, plural } from "../../lib/format";
import { HIDDEN, SeverityShape, severityWord } from "../../ui/Severity";
import { When } from "../../ui/When";
import type { Finding } from "./finding";

const STEP = 10;

export function Findings({
  findings,
  total,
  picked,
  pick,
  more,
}: {
  findings: readonly Finding[];
  /** How many there were; some between the first and the newest are not kept. */
  total: number;
  picked: string | undefined;
  pick: (finding: Finding, event: string) => void;
  more: { there: boolean; loading: boolean; load: () => void };
}) {
  const [shown, setShown] = useState(STEP);
  const rows = findings.slice(0, shown);
  const left = findings.length - rows.length;
  return (
    <>
      <Paper component="ul" m={0} p={0} style={{ listStyle: "none", overflow: "hidden" }}>
        {rows.map((finding, i) => {
          const event = finding.event_ids.at(-1);
          const before = findings[i - 1];
          const gap = before ? before.seq - finding.seq - 1 : 0;
          return (
            <li key={finding.uid}>
              {gap > 0 && (
                <Text size="xs" c="dimmed" ta="center" py={4}>
                  {plural(gap, "finding")} between these {gap === 1 ? "is" : "are"} not kept.
                </Text>
              )}
              <UnstyledButton
                w="100%"
                px="sm"
                py={6}
                className="rf-row"
                disabled={event === undefined}
                aria-pressed={event !== undefined && event === picked}
                onClick={() => event !== undefined && pick(finding, event)}
                style={{ borderBottom: "1px solid var(--rf-line)" }}
              >
                <Group gap="xs" wrap="nowrap" align="flex-start">
                  <span style={{ paddingTop: 3 }}>
                    <SeverityShape id={finding.severity_id} />
                    <span style={HIDDEN}>{severityWord(finding.severity_id)}</span>
                  </span>
                  <Text size="sm" flex={1} className="rf-outside" style={{ minWidth: 0 }}>
                    {finding.message}
                  </Text>
                  {finding.event_ids.length > 1 && (
                    <Text size="xs" c="dimmed" style={{ flex: "none" }}>
                      {plural(finding.event_ids.length, "event")}
                    </Text>
                  )}
                  <Text size="xs" c="dimmed" style={{ flex: "none" }}>
                    <When ms={finding.time_ms} />
                  </Text>
                </Group>
              </UnstyledButton>
            </li>
          );
        })}
      </Paper>
      <Group gap="xs" mt="xs">
        {(left > 0 || more.there) && (
          <Button
            size="compact-sm"
            variant="default"
            loading={more.loading}
            onClick={() => {
              setShown(shown + 40);
              if (left < 40 && more.there) more.load();
            }}
          >
            Show more
          </Button>
        )}
        <Text size="xs" c="dimmed">
          {count(rows.length)} of {plural(total, "finding")}
        </Text>
      </Group>
    </>
  );
}
