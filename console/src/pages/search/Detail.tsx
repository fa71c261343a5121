/** One row, whole: all its fields with a way to filter by each, the OCSF document, the record as it came. */
import { ActionIcon, Group, Switch, Tabs, Text, Title, Tooltip } from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconX } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Row, type Table, recordQuery } from "../../api/queries";
import { Copy } from "../../ui/Copyable";
import { Raw } from "../../ui/EvidenceRow";
import { Asked, Empty, Failed, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import { momentOf } from "./Cell";
import { rowSql } from "./build";
import { ALL_COLUMNS, shown } from "./columns";
import { Fields, type FieldTools } from "./Fields";
import { leaves, pretty } from "./leaves";
import { answerQuery } from "./run";
import classes from "./Search.module.css";

export function Detail({
  table,
  index,
  name,
  at,
  step,
  close,
  tools,
}: {
  table: Table | undefined;
  /** Where the row stands in the answer; less than 0 when it does not. */
  index: number;
  /** Its `event_id`, or `#12` when the answer has none. */
  name: string;
  at: number;
  step: (by: 1 | -1) => void;
  close: () => void;
  tools: FieldTools;
}) {
  const [tab, setTab] = useState<string | null>("fields");
  const frame = useRef<HTMLElement>(null);
  const row = index >= 0 ? table?.rows[index] : undefined;
  const whole = !name.startsWith("#");
  const timeType = table?.columns.find((c) => c.name === "time")?.type ?? "";
  const time = momentOf(row?.["time"], timeType);
  const query = useQuery({
    ...answerQuery(rowSql(name, time), 1, at),
    enabled: whole,
    placeholderData: keepPreviousData,
  });
  useEffect(() => {
    frame.current?.focus({ preventScroll: true });
  }, []);
  const answer = query.data?.table;
  const columns = whole ? answer?.columns : table?.columns;
  const found = whole ? answer?.rows[0] : row;
  const title = [found?.["class_name"], found?.["activity_name"]]
    .map(shown)
    .filter((text) => text !== "")
    .join(" · ");
  const happened = momentOf(found?.["time"], "timestamp");
  const rows = table?.rows.length ?? 0;
  return (
    <aside ref={frame} className={classes["detail"]} aria-label="The open row" tabIndex={-1}>
      <Group justify="space-between" wrap="nowrap" gap="xs" className={classes["detailHead"]}>
        <div style={{ minWidth: 0 }}>
          <Title order={2} size="h5" className="rf-clip rf-outside">
            {title === "" ? (index >= 0 ? `Row ${index + 1}` : "Event") : title}
          </Title>
          <Text size="xs" c="dimmed">
            {happened !== undefined && (
              <>
                <When ms={happened} as="stamp" /> ·{" "}
              </>
            )}
            {index >= 0 ? `row ${index + 1} of ${rows}` : "not among the rows shown"}
          </Text>
        </div>
        <Group gap={4} wrap="nowrap">
          <Tooltip label="Row before (k)">
            <ActionIcon variant="default" aria-label="Row before" disabled={index <= 0} onClick={() => step(-1)}>
              <IconChevronUp size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Next row (j)">
            <ActionIcon
              variant="default"
              aria-label="Next row"
              disabled={index < 0 || index >= rows - 1}
              onClick={() => step(1)}
            >
              <IconChevronDown size={16} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Close (Esc)">
            <ActionIcon variant="default" aria-label="Close the row" onClick={close}>
              <IconX size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </Group>
      {whole && query.error ? (
        <Failed error={query.error} retry={() => void query.refetch()} />
      ) : whole && query.isPending ? (
        <div className={classes["detailBody"]}>
          <Loading rows={8} height={22} />
        </div>
      ) : found && columns ? (
        <Parts
          row={found}
          types={new Map(columns.map((c) => [c.name, c.type]))}
          id={whole ? name : undefined}
          tools={tools}
          tab={tab}
          setTab={setTab}
        />
      ) : (
        <Empty title="This row is not there">It may lie outside what you may see, or be older than what is kept.</Empty>
      )}
    </aside>
  );
}

function Parts({
  row,
  types,
  id,
  tools,
  tab,
  setTab,
}: {
  row: Row;
  types: Map<string, string>;
  id: string | undefined;
  tools: FieldTools;
  /** Which part is open: it stays so from row to row. */
  tab: string | null;
  setTab: (tab: string | null) => void;
}) {
  const [all, setAll] = useState(false);
  const ocsf = shown(row["ocsf"]);
  const attributes = useMemo(() => leaves(ocsf), [ocsf]);
  const raw = row["raw"];
  // A whole event has its fields in the order in which people look for them, and its documents apart.
  const names =
    id === undefined
      ? [...types.keys()]
      : ALL_COLUMNS.filter((n) => types.has(n) && !["ocsf", "raw", "enrichment"].includes(n));
  const empty = names.filter((name) => shown(row[name]) === "");
  const fields = names.filter((name) => all || !empty.includes(name)).map((name) => [name, row[name]] as const);
  return (
    <Tabs value={tab} onChange={setTab} keepMounted={false} className={classes["detailTabs"]}>
      <Tabs.List>
        <Tabs.Tab value="fields">Fields</Tabs.Tab>
        {id !== undefined && <Tabs.Tab value="facts">What the calls say</Tabs.Tab>}
        {ocsf !== "" && <Tabs.Tab value="ocsf">OCSF</Tabs.Tab>}
        {typeof raw === "string" && <Tabs.Tab value="raw">As it came</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="fields" className={classes["detailBody"]}>
        <Fields label="Fields" fields={fields} types={types} tools={tools} />
        {empty.length > 0 && (
          <Switch
            size="xs"
            my="xs"
            label={`Also the ${empty.length} that are empty`}
            checked={all}
            onChange={(event) => setAll(event.currentTarget.checked)}
          />
        )}
        {id !== undefined && attributes.length > 0 && (
          <>
            <Title order={3} size="h6" mt="sm" mb={4}>
              More attributes
            </Title>
            <Fields label="OCSF attributes" fields={attributes} types={types} tools={tools} />
          </>
        )}
      </Tabs.Panel>
      {id !== undefined && (
        <Tabs.Panel value="facts" className={classes["detailBody"]}>
          <CallFacts id={id} tools={tools} />
        </Tabs.Panel>
      )}
      <Tabs.Panel value="ocsf" className={classes["detailBody"]}>
        <Whole what="OCSF" text={pretty(ocsf)} />
      </Tabs.Panel>
      <Tabs.Panel value="raw" className={classes["detailBody"]}>
        <Whole what="the record" text={pretty(shown(raw))} />
      </Tabs.Panel>
    </Tabs>
  );
}

function Whole({ what, text }: { what: string; text: string }) {
  return (
    <>
      <Group justify="flex-end" mb={4}>
        <Copy text={text} what={what} />
      </Group>
      <Raw text={text} tall="calc(100dvh - 230px)" />
    </>
  );
}

/** The facts of the call join, with what came later. */
function CallFacts({ id, tools }: { id: string; tools: FieldTools }) {
  const query = useQuery(recordQuery(id));
  return (
    <Asked
      query={query}
      loading={<Loading rows={4} height={22} />}
      empty={(record) =>
        Object.keys(record.event.facts ?? {}).length === 0 && (
          <Text size="sm" c="dimmed">
            This event was not looked up among the calls.
          </Text>
        )
      }
    >
      {(record) => (
        <Fields
          label="What the calls say"
          fields={Object.entries(record.event.facts ?? {}).sort(([a], [b]) => a.localeCompare(b))}
          types={new Map()}
          tools={tools}
          facts
        />
      )}
    </Asked>
  );
}
