/** The rows of an answer. Only those in sight are in the page; the box scrolls by itself. */
import { ActionIcon } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconChevronRight } from "@tabler/icons-react";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, type RefObject, useEffect, useImperativeHandle, useMemo, useRef } from "react";
import type { Row, Table } from "../../api/queries";
import { HIDDEN } from "../../ui/Severity";
import { Cell, isNumber } from "./Cell";
import { columnOf, widthOf } from "./columns";
import classes from "./Search.module.css";
import type { Order } from "./state";

const ROW = 34;
const OPENER = 38;

/** What the page tells the table by key. */
export interface Walk {
  /** Puts the focus on a row. */
  focus: (index: number) => void;
}

/** What a row is called in the address. */
export const nameOf = (row: Row | undefined, index: number): string => {
  const id = row?.["event_id"];
  return typeof id === "string" && id !== "" ? id : `#${index + 1}`;
};

export function Results({
  table,
  columns,
  opened,
  open,
  order,
  sort,
  faded,
  walk,
  onFocusRow,
}: {
  table: Table;
  /** Those of the answer that are shown, in this order. */
  columns: readonly string[];
  /** Index of the row that is open. */
  opened: number;
  open: (index: number) => void;
  order?: Order | undefined;
  /** Absent where the rows are in the order that the SQL says. */
  sort?: ((column: string) => void) | undefined;
  /** Whether these are the rows of the question before. */
  faded: boolean;
  walk: RefObject<Walk | null>;
  onFocusRow: (index: number) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const { rows } = table;
  const shownColumns = useMemo(() => {
    const types = new Map(table.columns.map((c) => [c.name, c.type]));
    return columns.flatMap((name) => {
      const type = types.get(name);
      return type === undefined
        ? []
        : [
            {
              name,
              type,
              width: widthOf(
                name,
                type,
                rows.slice(0, 60).map((row) => row[name]),
              ),
            },
          ];
    });
  }, [table.columns, rows, columns]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 14,
  });
  const wanted = useRef<number | null>(null);
  const focusWanted = () => {
    const button =
      wanted.current === null ? null : box.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"] button`);
    if (button) {
      wanted.current = null;
      button.focus({ preventScroll: true });
    }
  };
  // A row that was out of sight can only take the focus once it is drawn.
  useEffect(focusWanted);
  useImperativeHandle(walk, () => ({
    focus: (index) => {
      wanted.current = index;
      virtual.scrollToIndex(index);
      requestAnimationFrame(focusWanted);
    },
  }));
  useEffect(() => {
    if (opened >= 0) virtual.scrollToIndex(opened, { align: "auto" });
  }, [opened, virtual]);
  const items = virtual.getVirtualItems();
  const before = items[0]?.start ?? 0;
  const after = virtual.getTotalSize() - (items.at(-1)?.end ?? 0);
  const wide = shownColumns.reduce((sum, c) => sum + c.width, OPENER);
  const last = shownColumns.at(-1);
  const click = (event: MouseEvent, index: number) => {
    // Whoever marks text, or follows a link, does not want to open the row.
    const inner = event.target instanceof Element && event.target.closest("a, button") !== null;
    if (!inner && (window.getSelection()?.toString() ?? "") === "") open(index);
  };
  return (
    <div
      ref={box}
      className={classes["box"]}
      data-faded={faded ? "" : undefined}
      role="region"
      aria-label="Rows"
      tabIndex={-1}
    >
      <table className={classes["table"]} style={{ width: wide }} aria-rowcount={rows.length + 1} aria-busy={faded}>
        <colgroup>
          <col style={{ width: OPENER }} />
          {shownColumns.map((c) => (
            <col key={c.name} style={c === last ? undefined : { width: c.width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">
              <span style={HIDDEN}>Open</span>
            </th>
            {shownColumns.map(({ name, type }) => {
              const here = order?.column === name;
              const Icon = order?.down ? IconArrowDown : IconArrowUp;
              return (
                <th
                  key={name}
                  scope="col"
                  className={isNumber(type) ? "rf-num" : undefined}
                  aria-sort={here ? (order.down ? "descending" : "ascending") : undefined}
                  title={columnOf(name)?.help}
                >
                  {sort ? (
                    <button type="button" className={classes["sorter"]} onClick={() => sort(name)}>
                      <span className="rf-clip">{name}</span>
                      {here && <Icon size={13} aria-hidden="true" />}
                    </button>
                  ) : (
                    <span className="rf-clip rf-outside">{name}</span>
                  )}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {before > 0 && (
            <tr aria-hidden="true">
              <td colSpan={shownColumns.length + 1} style={{ height: before }} />
            </tr>
          )}
          {items.map(({ index }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              // Its button opens the row by key.

              <tr
                key={index}
                data-row={index}
                aria-rowindex={index + 2}
                aria-current={index === opened ? "true" : undefined}
                onClick={(event) => click(event, index)}
                style={{ height: ROW }}
              >
                <td>
                  <ActionIcon
                    size="sm"
                    variant="subtle"
                    color="gray"
                    aria-label={`Open row ${index + 1}`}
                    onFocus={() => onFocusRow(index)}
                    onClick={() => open(index)}
                  >
                    <IconChevronRight size={14} />
                  </ActionIcon>
                </td>
                {shownColumns.map(({ name, type }) => (
                  <td key={name} className={isNumber(type) ? "rf-num" : undefined}>
                    <Cell name={name} type={type} value={row[name]} />
                  </td>
                ))}
              </tr>
            );
          })}
          {after > 0 && (
            <tr aria-hidden="true">
              <td colSpan={shownColumns.length + 1} style={{ height: after }} />
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}
