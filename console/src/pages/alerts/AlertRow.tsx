/**
 * One alert in the list. Thousands pass by while somebody scrolls: only plain elements here, and
 * links that the grid follows for all of them.
 */
import { memo } from "react";
import type { Alert } from "../../api/queries";
import { count } from "../../lib/format";
import { AlertStatus } from "../../ui/AlertStatus";
import { EntityIcon, shortCall } from "../../ui/EntityChip";
import chip from "../../ui/EntityChip.module.css";
import { SeverityShape, severityWord } from "../../ui/Severity";
import { entityHref, entityKindOf, kindWord } from "../../ui/StoryEntity";
import { When } from "../../ui/When";
import classes from "./grid.module.css";

export const rowId = (id: string): string => `alert-${id}`;
export const alertHref = (id: string): string => `/alerts/${encodeURIComponent(id)}`;

const nothing = () => undefined;

export const AlertRow = memo(function AlertRow({
  alert,
  index,
  top,
  height,
  selected,
  here,
  fresh,
}: {
  alert: Alert;
  index: number;
  top: number;
  height: number;
  selected: boolean;
  /** The cursor is on it. */
  here: boolean;
  /** It came or moved lately. */
  fresh: boolean;
}) {
  return (
    <div
      role="row"
      id={rowId(alert.id)}
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-index={index}
      data-here={here || undefined}
      data-fresh={fresh || undefined}
      className={classes["row"]}
      style={{ height, transform: `translateY(${top}px)` }}
    >
      <span role="gridcell" className={classes["tick"]}>
        <input
          type="checkbox"
          tabIndex={-1}
          checked={selected}
          onChange={nothing}
          data-tick=""
          aria-label={`Select: ${alert.message}`}
        />
      </span>
      <span role="gridcell" className={classes["severity"]}>
        <SeverityShape id={alert.severity_id} />
        <span className={classes["word"]} data-strong={alert.severity_id >= 4 || undefined}>
          {severityWord(alert.severity_id)}
        </span>
      </span>
      <span role="gridcell" className={classes["message"]}>
        {fresh && <span className={classes["new"]}>New</span>}
        <a href={alertHref(alert.id)} tabIndex={-1} className={classes["open"]} title={alert.message}>
          <bdi>{alert.message}</bdi>
        </a>
      </span>
      <span role="gridcell" className={classes["entity"]}>
        <Entity kind={alert.entity_kind} value={alert.entity_value} />
      </span>
      <span role="gridcell" className={classes["program"]} title={alert.program}>
        <bdi>{alert.program}</bdi>
      </span>
      <span role="gridcell" className={classes["findings"]}>
        {count(alert.finding_count)}
        <span className={classes["unit"]}> {alert.finding_count === 1 ? "finding" : "findings"}</span>
      </span>
      <span role="gridcell" className={classes["last"]}>
        <When ms={alert.last_time_ms} />
      </span>
      <span role="gridcell" className={classes["status"]}>
        <AlertStatus alert={alert} />
      </span>
      <span role="gridcell" className={classes["assignee"]} title={alert.assignee ?? undefined}>
        {alert.assignee === null ? <span aria-label="nobody">–</span> : <bdi>{alert.assignee}</bdi>}
      </span>
    </div>
  );
});

function Entity({ kind, value }: { kind: string; value: string }) {
  const known = entityKindOf(kind);
  const name = `${kindWord(kind)} ${value}`;
  if (!known) {
    return (
      <span className={chip["chip"]} title={name}>
        <span className="rf-clip rf-outside">{name}</span>
      </span>
    );
  }
  const short = known === "call" ? shortCall(value) : value;
  const said = known === "call" && short !== value ? short : name;
  return (
    <a href={entityHref(known, value)} tabIndex={-1} className={chip["chip"]} title={name} aria-label={said}>
      <EntityIcon kind={known} size={12} />
      <span className="rf-clip rf-outside">{short}</span>
    </a>
  );
}
