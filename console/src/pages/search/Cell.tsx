/** A value of an answer as it is read: times, severities, entities, numbers, texts. */
import { visible } from "../../lib/visible";
import { EntityChip } from "../../ui/EntityChip";
import { SeverityShape } from "../../ui/Severity";
import { When } from "../../ui/When";
import { chipOf, severityOf, shown } from "./columns";
import classes from "./Search.module.css";

/** More than this of a text is not drawn in a cell. */
const MOST = 400;

export const isNumber = (type: string): boolean =>
  ["integer", "bigint", "double"].includes(type) || type.startsWith("decimal");

/** A moment that the server wrote; nothing when it is none. */
export function momentOf(value: unknown, type: string): number | undefined {
  if (type !== "timestamp" || typeof value !== "string") return undefined;
  const ms = Date.parse(value);
  return Number.isFinite(ms) ? ms : undefined;
}

export function Cell({ name, type, value }: { name: string; type: string; value: unknown }) {
  const text = shown(value);
  if (text === "") {
    return (
      <span className={classes["nothing"]} title="empty">
        –
      </span>
    );
  }
  const ms = momentOf(value, type);
  if (ms !== undefined) return <When ms={ms} as="stamp" />;
  const kind = chipOf(name);
  if (kind !== undefined && type === "text" && text.length <= 256)
    return <EntityChip kind={kind} value={text} size="xs" />;
  const severity = name === "severity" ? severityOf(value) : undefined;
  if (severity !== undefined) {
    return (
      <span className={classes["severity"]}>
        <SeverityShape id={severity} size={13} />
        {text}
      </span>
    );
  }
  const part = visible(text.slice(0, MOST));
  return (
    <span className="rf-outside" title={type === "text" ? part : undefined}>
      {part}
    </span>
  );
}
