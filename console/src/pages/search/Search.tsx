/** Search: filters that show their SQL, or SQL itself, over all events that one may see. */
import { ActionIcon, Button, Group, SegmentedControl, Select, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconChevronDown, IconChevronUp, IconKeyboard } from "@tabler/icons-react";
import { keepPreviousData, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useKeys } from "../../app/keys";
import { count } from "../../lib/format";
import { moment } from "../../lib/sql";
import { KeysHelp } from "../../ui/KeysHelp";
import { Page } from "../../ui/Page";
import { Failed, Loading } from "../../ui/States";
import { condition, selectSql, simpleSource } from "./build";
import { DEFAULT_COLUMNS } from "./columns";
import { ColumnChooser } from "./ColumnChooser";
import { Detail } from "./Detail";
import { Export } from "./Export";
import { Histogram, HistogramLoading } from "./Histogram";
import { KEYS } from "./keys";
import { Nothing, Trouble } from "./Outcome";
import { narrowed, plainOf } from "./plain";
import { explain } from "./problems";
import { nameOf, Results, type Walk } from "./Results";
import { answerQuery } from "./run";
import { Saved } from "./Saved";
import classes from "./Search.module.css";
import { SimpleForm } from "./SimpleForm";
import { SqlForm } from "./SqlForm";
import { bounds, type Filter, LIMITS, withFilter } from "./state";
import { Statistics } from "./Statistics";
import { StatusLine } from "./StatusLine";
import { useHistogram } from "./useHistogram";
import { useLast } from "./useLast";
import { useSearchState } from "./useSearchState";

export function SearchPage() {
  const { state, at, go } = useSearchState();
  const client = useQueryClient();
  const simple = state.mode === "simple";
  const sql = simple ? selectSql(state, at) : state.sql;
  const question = answerQuery(sql, state.limit, at);
  const main = useQuery({ ...question, enabled: sql.trim() !== "", placeholderData: keepPreviousData });
  const fresh = main.isSuccess && !main.isPlaceholderData;
  const table = main.data?.table;
  const rows = table?.rows.length ?? 0;
  const stopped = !main.isFetching && !main.isError && !fresh && sql.trim() !== "";
  const source = useMemo(() => (simple ? simpleSource(state, at) : plainOf(state.sql)), [simple, state, at]);
  // What is counted beside the rows waits for them, and is given up with them.
  const ready = fresh && !main.isFetching;
  const beside = ready && rows > 0 ? source : undefined;
  const range = useMemo(() => (simple ? bounds(state.range, at) : {}), [simple, state.range, at]);
  const over = useHistogram(beside, range, at);
  const counts = useLast(over.histogram, source !== undefined && (main.isFetching || over.pending));
  const [listed, setListed] = useState(false);
  const [help, setHelp] = useState(false);
  const [exporting, setExporting] = useState(false);
  const focus = useRef<HTMLInputElement>(null);
  const editor = useRef<{ focus: () => void } | null>(null);
  const walk = useRef<Walk>(null);
  const here = useRef(-1);
  const small = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });

  const opened = useMemo(
    () => (state.row === undefined || !table ? -1 : table.rows.findIndex((row, i) => nameOf(row, i) === state.row)),
    [state.row, table],
  );
  const open = useCallback(
    (index: number) => {
      const row = table?.rows[index];
      here.current = index;
      if (row) go({ row: nameOf(row, index) }, "look");
    },
    [table, go],
  );
  const close = () => {
    const back = opened;
    go({ row: undefined }, "look");
    if (back >= 0) walk.current?.focus(back);
  };
  const step = (by: 1 | -1) => {
    const from = state.row !== undefined && opened >= 0 ? opened : here.current;
    const next = Math.min(Math.max(from + by, 0), rows - 1);
    if (next < 0) return;
    here.current = next;
    if (state.row !== undefined) open(next);
    else walk.current?.focus(next);
  };
  const narrow = (sqlCondition: string | undefined) => {
    const next = sqlCondition === undefined ? undefined : narrowed(state.sql, sqlCondition);
    if (next !== undefined) go({ sql: next });
  };
  const filter = simple
    ? (added: Filter) => go({ filters: withFilter(state.filters, added) })
    : source && ((added: Filter) => narrow(condition(added)));
  const onRange = simple
    ? (from: number, to: number) => go({ range: { from, to } })
    : source && ((from: number, to: number) => narrow(`time >= ${moment(from)} AND time < ${moment(to)}`));
  const run = () => (simple ? go({}) : go({ sql: state.sql }));
  useKeys({
    "/": () => (simple ? focus.current?.focus() : editor.current?.focus()),
    j: () => step(1),
    k: () => step(-1),
    e: () => fresh && setExporting(true),
    "?": () => setHelp(true),
    Escape: () => state.row !== undefined && close(),
  });

  const said = main.isError && !main.isFetching ? explain(main.error) : undefined;
  const shown = simple ? state.columns : (table?.columns.map((c) => c.name) ?? []);
  const span = over.histogram && range.from !== undefined ? (range.to ?? at) - range.from : undefined;
  const statistics = source && (
    <Statistics
      source={beside}
      coming={main.isFetching}
      at={at}
      field={state.field}
      pick={(field) => go({ field }, "look")}
      onFilter={filter}
    />
  );
  return (
    <Page
      title="Search"
      actions={
        <>
          <SegmentedControl
            size="sm"
            aria-label="How to search"
            value={state.mode}
            onChange={(mode) =>
              go(
                mode === "sql"
                  ? { mode, sql: state.sql === "" ? selectSql(state, at) : state.sql }
                  : { mode: "simple" },
              )
            }
            data={[
              { value: "simple", label: "Simple" },
              { value: "sql", label: "SQL" },
            ]}
          />
          <Saved state={state} open={(next) => go(next)} />
          <Tooltip label="Keys of this page (?)">
            <ActionIcon
              variant="default"
              size={36}
              aria-label="Keys of this page"
              onClick={() => setHelp(true)}
              visibleFrom="sm"
            >
              <IconKeyboard size={18} />
            </ActionIcon>
          </Tooltip>
        </>
      }
    >
      <div className={classes["page"]}>
        {simple ? (
          <SimpleForm state={state} at={at} sql={sql} ready={ready} go={go} focus={focus} />
        ) : (
          <SqlForm
            sql={state.sql}
            run={(next) => go({ mode: "sql", sql: next })}
            said={said?.kind === "invalid" ? said : undefined}
            fromSimple={() => go({ sql: selectSql(state, at) })}
            focus={editor}
          />
        )}
        {!said && (over.pending || counts.value) && !over.error && (
          <div className={classes["over"]} data-old={counts.old ? "" : undefined}>
            {counts.value ? (
              <Histogram
                counts={counts.value}
                onRange={counts.old ? undefined : onRange}
                wider={
                  !counts.old && simple && span !== undefined && range.from !== undefined
                    ? () => go({ range: { from: (range.from ?? 0) - span / 2, to: (range.to ?? at) + span / 2 } })
                    : undefined
                }
              />
            ) : (
              <HistogramLoading />
            )}
          </div>
        )}
        <Group justify="space-between" gap="xs" mih={34} mt={4}>
          <StatusLine
            running={main.isFetching ? `${at} ${sql}` : undefined}
            stopped={stopped}
            before={table !== undefined}
            rows={fresh ? rows : undefined}
            took={main.data?.took ?? 0}
            truncated={table?.truncated ?? false}
            limit={state.limit}
            total={over.histogram?.total}
            what={source ? "event" : "row"}
            cancel={() => void client.cancelQueries({ queryKey: question.queryKey, exact: true })}
            again={run}
            more={(limit) => go({ limit })}
          />
          <Group gap={6}>
            <Select
              size="xs"
              w={118}
              aria-label="Most rows to show"
              data={LIMITS.map((n) => ({ value: String(n), label: `${count(n)} rows` }))}
              value={String(state.limit)}
              onChange={(value) => go({ limit: LIMITS.find((n) => String(n) === value) ?? state.limit })}
              allowDeselect={false}
            />
            {simple && <ColumnChooser columns={state.columns} onChange={(columns) => go({ columns })} />}
            <Export sql={sql} disabled={!fresh || rows === 0} opened={exporting && rows > 0} setOpened={setExporting} />
          </Group>
        </Group>
        {said ? (
          said.kind === "invalid" && !simple ? null : said.kind === "other" || said.kind === "forbidden" ? (
            <Failed error={main.error} retry={run} />
          ) : (
            <Trouble
              said={said}
              again={run}
              shorter={
                simple && ["timeout", "memory", "crashed", "broken"].includes(said.kind)
                  ? () => go({ range: { last: "15m" } })
                  : undefined
              }
            />
          )
        ) : !table ? (
          sql.trim() !== "" && !stopped && <Loading rows={10} height={26} />
        ) : rows === 0 && fresh ? (
          <Nothing state={state} at={at} go={go} />
        ) : (
          <div className={classes["body"]} data-alone={statistics ? undefined : ""}>
            {small && statistics && (
              <Button
                size="compact-sm"
                variant="transparent"
                aria-expanded={listed}
                onClick={() => setListed((l) => !l)}
                justify="flex-start"
                rightSection={
                  listed ? (
                    <IconChevronUp size={14} aria-hidden="true" />
                  ) : (
                    <IconChevronDown size={14} aria-hidden="true" />
                  )
                }
              >
                Values of fields
              </Button>
            )}
            {statistics && (!small || listed) && <div className={classes["side"]}>{statistics}</div>}
            <div className={classes["main"]}>
              <Results
                table={table}
                columns={shown}
                opened={opened}
                open={open}
                order={simple ? state.order : undefined}
                sort={
                  simple
                    ? (column) =>
                        go({
                          order: {
                            column,
                            down: state.order.column === column ? !state.order.down : column === "time",
                          },
                        })
                    : undefined
                }
                faded={!fresh}
                walk={walk}
                onFocusRow={(index) => (here.current = index)}
              />
            </div>
          </div>
        )}
      </div>
      {state.row !== undefined && (
        <Detail
          table={table}
          index={opened}
          name={state.row}
          at={at}
          step={step}
          close={close}
          tools={{
            filter,
            column: simple ? (field) => go({ columns: [...state.columns, field], row: state.row }) : undefined,
            columns: simple ? state.columns : DEFAULT_COLUMNS,
          }}
        />
      )}
      {help && <KeysHelp list={KEYS} close={() => setHelp(false)} />}
    </Page>
  );
}
