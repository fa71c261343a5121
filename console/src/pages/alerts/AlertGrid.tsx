/** The list itself: only the rows in sight exist, the keys walk, links open. */
import { Button } from "@mantine/core";
import { useRouter } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type MouseEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useRef,
} from "react";
import type { Alert } from "../../api/queries";
import { AlertRow, alertHref, rowId } from "./AlertRow";
import classes from "./grid.module.css";
import { type Selection, isSelected } from "./selection";

const HEAD = 34;
const ROW = 40;
const CARD = 64;
const FOOT = 48;
/** More than the highest screen shows at once. */
const POOL = 160;
/** The next page is asked when so few rows are left below. */
const AHEAD = 200;

export interface GridHandle {
  focus: () => void;
  scrollTo: (index: number) => void;
  /** The first row that is in sight. */
  first: () => number;
}

export interface GridProps {
  ref: Ref<GridHandle>;
  rows: readonly Alert[];
  current: (row: Alert) => Alert;
  total: number | undefined;
  /** The row under the cursor, or -1. */
  cursor: number;
  selection: Selection;
  fresh: ReadonlySet<string>;
  /** Each alert as a card of two lines. */
  cards: boolean;
  /** All rows are of one program, which is said elsewhere. */
  oneProgram: boolean;
  more: { there: boolean; loading: boolean; failed: boolean; load: () => void };
  /** Left of the heads of the columns: the box that selects all. */
  corner: ReactNode;
  onMove: (to: number | "first" | "last", extend: boolean) => void;
  onStep: (by: number, extend: boolean) => void;
  onTick: (index: number, extend: boolean) => void;
  onOpen: (index: number) => void;
  onTop: (top: boolean) => void;
  onHover: (over: boolean) => void;
}

const HEADS = ["Severity", "What", "Who or what", "Program", "Findings", "Last", "Status", "Assignee"] as const;

export function AlertGrid(props: GridProps) {
  const { rows, current, cursor, selection, fresh, cards, more, total } = props;
  const router = useRouter();
  const scroll = useRef<HTMLDivElement>(null);
  const height = cards ? CARD : ROW;
  const margin = cards ? 0 : HEAD;
  // The same function each time: with another one all rows would be measured anew.
  const estimateSize = useCallback(() => height, [height]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize,
    overscan: 8,
    scrollMargin: margin,
    scrollPaddingStart: margin,
    paddingEnd: FOOT,
  });
  const { measure, scrollToIndex } = virtual;
  useEffect(() => measure(), [height, measure]);
  const items = virtual.getVirtualItems();
  const end = items.at(-1)?.index ?? 0;

  const { there, loading, failed, load } = more;
  useEffect(() => {
    if (there && !loading && !failed && end > rows.length - AHEAD) load();
  }, [there, loading, failed, load, end, rows.length]);

  useEffect(() => {
    if (cursor >= 0) scrollToIndex(cursor, { align: "auto" });
  }, [cursor, scrollToIndex]);

  useImperativeHandle(props.ref, () => ({
    focus: () => scroll.current?.focus({ preventScroll: true }),
    scrollTo: (index) => scrollToIndex(index, { align: "auto" }),
    first: () => Math.ceil(Math.max((scroll.current?.scrollTop ?? 0) - 1, 0) / height),
  }));

  const page = () => Math.max(Math.floor((scroll.current?.clientHeight ?? 0) / height) - 1, 1);
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { key, shiftKey } = event;
    if (key === "ArrowDown") props.onStep(1, shiftKey);
    else if (key === "ArrowUp") props.onStep(-1, shiftKey);
    else if (key === "PageDown") props.onStep(page(), shiftKey);
    else if (key === "PageUp") props.onStep(-page(), shiftKey);
    else if (key === "Home") props.onMove("first", shiftKey);
    else if (key === "End") props.onMove("last", shiftKey);
    else if (key === " " && cursor >= 0) props.onTick(cursor, shiftKey);
    else if (key === "Enter" && cursor >= 0) props.onOpen(cursor);
    else return;
    event.preventDefault();
  };
  const click = (event: MouseEvent) => {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>("[data-index]");
    if (!row) return;
    const index = Number(row.dataset["index"]);
    if (target.closest("[data-tick]")) {
      props.onTick(index, event.shiftKey);
      return;
    }
    const href = target.closest("a")?.getAttribute("href");
    if (href === undefined || href === null || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (event.shiftKey) props.onTick(index, true);
    else if (href === alertHref(rows[index]?.id ?? "")) props.onOpen(index);
    else router.history.push(href);
  };
  return (
    <div
      ref={scroll}
      role="grid"
      tabIndex={0}
      aria-label="Alerts"
      aria-rowcount={total === undefined ? -1 : total + 1}
      aria-multiselectable
      aria-activedescendant={cursor >= 0 && rows[cursor] ? rowId(rows[cursor].id) : undefined}
      className={classes["grid"]}
      data-cards={cards || undefined}
      data-one-program={props.oneProgram || undefined}
      onKeyDown={keys}
      onClick={click}
      // Clicks leave the focus on the grid, where the keys are.
      onMouseDown={(event) => {
        if (event.button === 0 && (event.target as Element).closest("[data-tick]")) event.preventDefault();
        if (event.shiftKey) event.preventDefault();
      }}
      onScroll={(event) => props.onTop(event.currentTarget.scrollTop < 4)}
      onPointerEnter={(event) => props.onHover(event.pointerType === "mouse")}
      onPointerLeave={() => props.onHover(false)}
    >
      <div role="row" aria-rowindex={1} className={classes["head"]}>
        <span role="columnheader" className={classes["tick"]}>
          {props.corner}
        </span>
        {HEADS.map((head) => (
          <span key={head} role="columnheader" className={classes[CLASS[head]]}>
            {head === "Severity" ? <span className={classes["word"]}>{head}</span> : head}
          </span>
        ))}
      </div>
      <div role="rowgroup" className={classes["rows"]} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          return (
            row && (
              <AlertRow
                // A row that leaves at one end comes back at the other: changing one is cheaper than making one.
                key={item.index % POOL}
                alert={current(row)}
                index={item.index}
                top={item.start - margin}
                height={height}
                selected={isSelected(selection, row.id)}
                here={item.index === cursor}
                fresh={fresh.has(row.id)}
              />
            )
          );
        })}
      </div>
      <div role="row" className={classes["foot"]}>
        <span role="gridcell" aria-live="polite">
          {failed ? (
            <>
              The next ones did not come.{" "}
              <Button size="compact-sm" variant="default" onClick={load}>
                Try again
              </Button>
            </>
          ) : there ? (
            "Loading more…"
          ) : (
            "These are all."
          )}
        </span>
      </div>
    </div>
  );
}

/** Heads stand in the columns of their cells, and go with them where the room is scarce. */
const CLASS: Record<(typeof HEADS)[number], string> = {
  Severity: "severity",
  What: "message",
  "Who or what": "entity",
  Program: "program",
  Findings: "findings",
  Last: "last",
  Status: "status",
  Assignee: "assignee",
};
