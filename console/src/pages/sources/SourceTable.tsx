/** The sources as a table, silent and lossy ones first. */
import { Group, Paper, Table, Text, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { count } from "../../lib/format";
import { Empty } from "../../ui/States";
import { TrustShape } from "../../ui/TrustLight";
import { When } from "../../ui/When";
import { NO_COUNTS, type SourceView, expected, may, signOf } from "./model";
import { sayRate } from "./rates";

const FIRST = 200;

const KINDS: Record<string, string> = { http: "HTTP", listener: "listener", connector: "connector" };

/** How a source sends, in a word. */
export const sayKind = (kind: string | undefined): string => (kind === undefined ? "built in" : (KINDS[kind] ?? kind));

export function Sign({ verdict }: { verdict: SourceView["verdict"] }) {
  const sign = signOf(verdict);
  return (
    <Group component="span" gap={6} wrap="nowrap" title={sign.why}>
      <TrustShape trust={sign.trust} />
      <Text span size="sm" fw={sign.trust === "bad" ? 600 : 400}>
        {sign.word}
      </Text>
    </Group>
  );
}

export function SourceTable({
  views,
  rate,
  since,
  open,
}: {
  views: SourceView[];
  rate: (key: string) => number | undefined;
  /** How long the server has counted. */
  since: string;
  open: (key: string) => void;
}) {
  const [all, setAll] = useState(false);
  if (views.length === 0) return <Empty title="No source is like that">Clear the search to see all of them.</Empty>;
  return (
    <>
      <Paper style={{ overflow: "hidden" }}>
        <Table highlightOnHover horizontalSpacing={8} aria-label="Sources">
          <Table.Thead style={{ whiteSpace: "nowrap" }}>
            <Table.Tr>
              <Table.Th>Source</Table.Th>
              <Table.Th visibleFrom="sm">Standing</Table.Th>
              <Table.Th className="rf-num">Rate now</Table.Th>
              <Table.Th className="rf-num" visibleFrom="md">
                Accepted
              </Table.Th>
              <Table.Th className="rf-num" visibleFrom="sm">
                Rejected
              </Table.Th>
              <Table.Th className="rf-num" visibleFrom="sm">
                Lost
              </Table.Th>
              <Table.Th className="rf-num" visibleFrom="lg">
                Duplicates
              </Table.Th>
              <Table.Th className="rf-num">Last heard</Table.Th>
              <Table.Th visibleFrom="lg">Expected</Table.Th>
              <Table.Th visibleFrom="lg">May</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {(all ? views : views.slice(0, FIRST)).map((view) => (
              <SourceRow key={view.key} view={view} rate={rate(view.key)} open={() => open(view.key)} />
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
      <Group justify="space-between" mt={4}>
        <Text size="xs" c="dimmed">
          Counted since the server started, {since} ago. Repeated records are recognised and count as duplicates.
        </Text>
        {!all && views.length > FIRST && (
          <UnstyledButton onClick={() => setAll(true)}>
            <Text size="sm" td="underline">
              Show all {count(views.length)}
            </Text>
          </UnstyledButton>
        )}
      </Group>
    </>
  );
}

/** A count that should be zero: it stands out when it is not. */
function Trouble({ n }: { n: number }) {
  return (
    <Text span size="sm" fw={n > 0 ? 700 : 400} c={n > 0 ? undefined : "dimmed"}>
      {count(n)}
    </Text>
  );
}

function SourceRow({ view, rate, open }: { view: SourceView; rate: number | undefined; open: () => void }) {
  const counts = view.count ?? NO_COUNTS;
  return (
    <Table.Tr onClick={open} style={{ cursor: "pointer" }}>
      <Table.Td style={{ maxWidth: 220 }}>
        <UnstyledButton
          onClick={(e) => {
            e.stopPropagation();
            open();
          }}
          data-source={view.key}
          maw="100%"
        >
          <Text span size="sm" fw={600} className="rf-outside rf-clip" display="block">
            {view.name}
          </Text>
        </UnstyledButton>
        <Text size="xs" c="dimmed" className="rf-outside rf-clip">
          {view.program} / {view.site} · {sayKind(view.declared?.kind)}
        </Text>
        <Text component="div" size="xs" hiddenFrom="sm">
          <Sign verdict={view.verdict} />
          {counts.lost > 0 && <>{count(counts.lost)} lost </>}
          {counts.rejected > 0 && <>{count(counts.rejected)} refused</>}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>
        <Sign verdict={view.verdict} />
      </Table.Td>
      <Table.Td className="rf-num">
        <Text span size="sm" c={rate ? undefined : "dimmed"}>
          {sayRate(rate)}
        </Text>
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="md">
        {count(counts.accepted)}
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="sm">
        <Trouble n={counts.rejected} />
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="sm">
        <Trouble n={counts.lost} />
      </Table.Td>
      <Table.Td className="rf-num" visibleFrom="lg">
        {count(counts.duplicates)}
      </Table.Td>
      <Table.Td className="rf-num">{view.lastMs === null ? "never" : <When ms={view.lastMs} />}</Table.Td>
      <Table.Td visibleFrom="lg">
        <Text span size="sm" c={view.declared?.expect_every_secs ? undefined : "dimmed"}>
          {view.declared ? expected(view.declared.expect_every_secs) : "never"}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="lg" style={{ maxWidth: 120 }}>
        <Text size="sm" className="rf-clip" title={may(view.declared)}>
          {may(view.declared)}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}
