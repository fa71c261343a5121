/** The rows with their cursor, their selection and what is done to them. */
import { ActionIcon, Button, Group, Text, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconKeyboard } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Schemas } from "../../api/client";
import { alertQuery } from "../../api/queries";
import { useKeys } from "../../app/keys";
import { useSession } from "../../app/session";
import { plural } from "../../lib/format";
import { type KeyList, KeysHelp } from "../../ui/KeysHelp";
import { Asked, Loading } from "../../ui/States";
import { AlertGrid, type GridHandle } from "./AlertGrid";
import { AssignDialog } from "./AssignDialog";
import { BulkBar, TellBar } from "./BulkBar";
import { CloseDialog } from "./CloseDialog";
import { useFacets } from "./FilterBar";
import { NoAlerts } from "./NoAlerts";
import { type AlertSearch, STATUSES, type View, writeSearch } from "./filter";
import classes from "./grid.module.css";
import { rememberList } from "./neighbours";
import { locate } from "./rows";
import { NOTHING, type Selection, isEmpty, isSelected, put as putIn, range } from "./selection";
import { useAlertRows } from "./useAlertRows";
import { useBulk } from "./useBulk";
import { type Cursor, useCursorRow } from "./useCursor";

const KEYS: KeyList = [
  ["j k", "Next, previous alert"],
  ["Enter o", "Open it"],
  ["x", "Select it; with Shift all up to it"],
  ["e", "Close with a verdict"],
  ["a", "Assign"],
  ["t", "Take it: assign to me"],
  ["u", "Acknowledge"],
  ["z", "Undo closing"],
  ["r", "Show the changes that are held back"],
  ["/", "To the words of the filter"],
  ["Esc", "Select none; again: leave the row"],
  ["?", "This help"],
];

/** The address follows the cursor when it rests. */
const REST_MS = 400;

type Dialog = { kind: "close" | "assign"; target: Selection } | { kind: "keys" };

export function AlertList({
  view,
  at,
  go,
  toFilter,
}: {
  view: View;
  at: string | undefined;
  go: (search: AlertSearch, replace?: boolean) => Promise<void>;
  toFilter: () => void;
}) {
  const me = useSession().name;
  const navigate = useNavigate();
  const cards = useMediaQuery("(max-width: 62em)", undefined, { getInitialValueInEffect: false });
  const grid = useRef<GridHandle>(null);
  const [cursor, setCursor] = useState<Cursor | undefined>(at ? { id: at, index: -1 } : undefined);
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [anchor, setAnchor] = useState(-1);
  const [dialog, setDialog] = useState<Dialog>();
  const [top, setTop] = useState(true);
  const [over, setOver] = useState(false);
  const calm = top && !over && !cursor && isEmpty(selection) && !dialog;

  const { query, rows, current, held, fresh, show, put } = useAlertRows(view, me, calm);
  const here = useCursorRow(rows, view.order, cursor);
  const { statuses } = useFacets(view);
  const listed = view.status.length === 0 ? STATUSES : view.status;
  const total = statuses && listed.reduce((sum, status) => sum + statuses[status], 0);
  const find = useCallback(
    (id: string) => {
      const row = rows[locate(rows, id, view.order)];
      return row && current(row);
    },
    [rows, view.order, current],
  );
  const { run, undo, busy, told, forget, serverNow } = useBulk({ view, me, find, put });

  // Another view is another list: nothing of the old one is meant any more.
  const [shown, setShown] = useState(view);
  if (shown !== view) {
    setShown(view);
    setSelection(NOTHING);
    setCursor(undefined);
    setAnchor(-1);
  }
  useEffect(() => grid.current?.scrollTo(0), [view]);

  const program = rows[0]?.program;
  const oneProgram = useMemo(() => rows.every((row) => row.program === program), [rows, program]);
  const id = rows[here]?.id;
  useEffect(() => {
    // An alert that is named and not (yet) in the list stays named.
    if (id === at || (id === undefined && cursor)) return;
    const timer = setTimeout(() => void go({ ...writeSearch(view), ...(id ? { at: id } : {}) }, true), REST_MS);
    return () => clearTimeout(timer);
  }, [id, at, cursor, go, view]);

  // Who rests on an alert is about to open it.
  const client = useQueryClient();
  const router = useRouter();
  useEffect(() => {
    if (id === undefined) return;
    const timer = setTimeout(() => {
      client.query(alertQuery(id)).catch(() => undefined);
      void router.preloadRoute({ to: "/alerts/$id", params: { id } });
    }, 150);
    return () => clearTimeout(timer);
  }, [id, client, router]);

  const moveTo = (to: number, extend = false) => {
    const index = Math.max(0, Math.min(to, rows.length - 1));
    const row = rows[index];
    if (!row) return;
    setCursor({ id: row.id, index });
    grid.current?.focus();
    if (extend) {
      const from = anchor >= 0 ? anchor : Math.max(here, 0);
      setAnchor(from);
      setSelection(putIn(selection, range(rows, from, index), true, rows));
    } else if (isEmpty(selection)) setAnchor(-1);
  };
  const step = (by: number, extend = false) =>
    here < 0 ? moveTo(grid.current?.first() ?? 0) : moveTo(here + by, extend);
  const tick = (index: number, extend: boolean) => {
    const row = rows[index];
    if (!row) return;
    const on = !isSelected(selection, row.id);
    setSelection(
      extend && anchor >= 0
        ? putIn(selection, range(rows, anchor, index), true, rows)
        : putIn(selection, [row.id], on, rows),
    );
    setAnchor(index);
    if (here >= 0) setCursor({ id: row.id, index });
  };
  const open = (index: number) => {
    const row = rows[index];
    if (!row) return;
    rememberList(rows, writeSearch(view));
    // Coming back finds the cursor where it was.
    void go({ ...writeSearch(view), at: row.id }, true).then(() =>
      navigate({ to: "/alerts/$id", params: { id: row.id } }),
    );
  };

  const target = (): Selection | undefined => {
    if (!isEmpty(selection)) return selection;
    return id === undefined ? undefined : { all: false, ids: new Set([id]) };
  };
  const act = async (on: Selection | undefined, edit: Schemas["AlertEdit"]) => {
    if (!on) return;
    const failed = await run(on, edit);
    // What failed stays selected; a row that was only under the cursor was never selected.
    if (!isEmpty(selection)) setSelection({ all: false, ids: new Set(failed) });
    grid.current?.focus();
  };
  const quick = (on: Selection | undefined, edit: Schemas["AlertEdit"]) => void act(on, edit).catch(() => undefined);
  const ask = (kind: "close" | "assign") => {
    const on = target();
    if (on) setDialog({ kind, target: on });
  };
  const reveal = () => {
    const came = new Set(show());
    const first = rows.findIndex((row) => came.has(row.id));
    grid.current?.scrollTo(Math.max(first, 0));
  };
  const selectAll = () => setSelection({ all: true, until_ms: serverNow() });
  const whole = rows.length > 0 && !selection.all && selection.ids.size >= rows.length;

  useKeys({
    j: () => step(1),
    k: () => step(-1),
    o: () => open(here),
    x: () => here >= 0 && tick(here, false),
    X: () => here >= 0 && tick(here, true),
    e: () => ask("close"),
    a: () => ask("assign"),
    t: () => quick(target(), { action: "assign", assignee: me }),
    u: () => quick(target(), { action: "acknowledge" }),
    z: () => void undo(),
    r: reveal,
    "/": toFilter,
    "?": () => setDialog({ kind: "keys" }),
    Escape: () => (isEmpty(selection) ? setCursor(undefined) : setSelection(NOTHING)),
  });

  const selectLoaded = (
    <input
      type="checkbox"
      aria-label="Select all that are loaded"
      checked={selection.all || whole}
      onChange={(event) =>
        setSelection(event.currentTarget.checked ? { all: false, ids: new Set(rows.map((r) => r.id)) } : NOTHING)
      }
    />
  );
  const what = (on: Selection): string => {
    if (on.all) return total === undefined ? "all that match" : `all ${plural(total, "alert")} that match`;
    return on.ids.size === 1 ? "this alert" : plural(on.ids.size, "alert");
  };
  return (
    <>
      <Group justify="space-between" h={28} mb={4} wrap="nowrap">
        {cards && rows.length > 0 && <span className={classes["corner"]}>{selectLoaded}</span>}
        <Text size="sm" c="dimmed" aria-live="polite" className="rf-clip" flex={1}>
          {total === undefined ? " " : plural(total, "alert")}
          {oneProgram && program !== undefined && (
            <>
              , program <bdi>{program}</bdi>
            </>
          )}
          {held.count + Number(held.maybe) > 0 && !calm && (
            <Button size="compact-sm" variant="light" ml="sm" onClick={reveal} loading={query.isRefetching}>
              {held.count > 0 ? `${plural(held.count, "change")}, show` : "There may be changes, show"}
            </Button>
          )}
        </Text>
        <Tooltip label="What the keys do">
          <ActionIcon
            variant="subtle"
            color="gray"
            aria-label="Keys"
            onClick={() => setDialog({ kind: "keys" })}
            visibleFrom="sm"
          >
            <IconKeyboard size={18} />
          </ActionIcon>
        </Tooltip>
      </Group>
      <Asked
        query={query}
        loading={<Loading rows={12} />}
        empty={() => rows.length === 0 && !query.isFetching && <NoAlerts view={view} clear={() => void go({})} />}
      >
        {() => (
          <div className={classes["frame"]} data-old={query.isPlaceholderData || undefined}>
            <AlertGrid
              ref={grid}
              rows={rows}
              current={current}
              total={total}
              cursor={here}
              selection={selection}
              fresh={fresh}
              cards={cards}
              oneProgram={oneProgram}
              more={{
                there: query.hasNextPage,
                loading: query.isFetching,
                failed: query.isFetchNextPageError,
                load: () => void query.fetchNextPage(),
              }}
              corner={!cards && selectLoaded}
              onMove={(to, extend) => moveTo(to === "first" ? 0 : rows.length - 1, extend)}
              onStep={step}
              onTick={tick}
              onOpen={open}
              onTop={setTop}
              onHover={setOver}
            />
          </div>
        )}
      </Asked>
      <BulkBar
        selection={selection}
        total={total}
        loaded={rows.length}
        busy={busy}
        does={{
          acknowledge: () => quick(target(), { action: "acknowledge" }),
          assign: () => ask("assign"),
          close: () => ask("close"),
          reopen: () => quick(target(), { action: "reopen" }),
          all: selectAll,
          none: () => setSelection(NOTHING),
        }}
      />
      <TellBar told={told} undo={() => void undo()} forget={forget} />
      {dialog?.kind === "keys" && <KeysHelp list={KEYS} close={() => setDialog(undefined)} />}
      {dialog?.kind === "close" && (
        <CloseDialog
          what={what(dialog.target)}
          quote={
            dialog.target.all || dialog.target.ids.size > 1 ? undefined : find([...dialog.target.ids][0] ?? "")?.message
          }
          submit={(edit) => act(dialog.target, edit)}
          close={() => setDialog(undefined)}
        />
      )}
      {dialog?.kind === "assign" && (
        <AssignDialog
          what={what(dialog.target)}
          submit={(assignee) => act(dialog.target, { action: "assign", assignee })}
          close={() => setDialog(undefined)}
        />
      )}
    </>
  );
}
