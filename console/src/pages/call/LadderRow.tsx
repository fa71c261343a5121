/** One message of the ladder: an arrow between two columns, with its words above it. */
import { Group, Text } from "@mantine/core";
import { clockTime } from "../../lib/time";
import { HIDDEN } from "../../ui/Severity";
import classes from "./Ladder.module.css";
import { type Column, type Message, type MessageKind, sayDelta } from "./ladder";

export const ROW = 42;

/** Where the arrow runs. */
const LINE = 30;

const middle = (column: number, of: number): number => ((column + 0.5) / of) * 100;

export function LadderRow({
  id,
  message,
  columns,
  legs,
  place,
  picked,
  onClick,
}: {
  id: string;
  message: Message;
  columns: Column[];
  legs: number;
  place: { index: number; of: number; top: number };
  picked: boolean;
  onClick: () => void;
}) {
  const { event, from, to, kind, again, repeats } = message;
  const n = columns.length;
  const [low, high] = from < to ? [from, to] : [to, from];
  const self = from === to;
  const millis = String(event.time_ms % 1_000).padStart(3, "0");
  return (
    // The list takes the keys: the option that is picked is its active descendant.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={picked}
      aria-setsize={place.of}
      aria-posinset={place.index + 1}
      className={classes["row"]}
      data-kind={kind}
      data-again={again > 0 ? "" : undefined}
      style={{ transform: `translateY(${place.top}px)`, height: ROW }}
      onClick={onClick}
    >
      <span className={classes["time"]}>
        {clockTime(event.time_ms)}
        <span className={classes["delta"]}>.{millis}</span>
        <br />
        <span className={classes["delta"]}>{place.index === 0 ? "first" : sayDelta(message.delta)}</span>
      </span>
      <div className={classes["lines"]}>
        <svg width="100%" height={ROW} aria-hidden="true" className={classes["svg"]}>
          {columns.map((column, i) => (
            <line
              key={column.key}
              x1={`${middle(i, n)}%`}
              x2={`${middle(i, n)}%`}
              y1={0}
              y2={ROW}
              className={classes["life"]}
            />
          ))}
          <Arrow kind={kind} from={middle(from, n)} to={middle(to, n)} />
        </svg>
        <div
          className={classes["words"]}
          style={
            self
              ? { left: `calc(${middle(from, n)}% + 40px)`, right: 0, textAlign: "left" }
              : { left: `${middle(low, n)}%`, width: `${middle(high, n) - middle(low, n)}%` }
          }
        >
          <span className={classes["label"]}>{message.label}</span>
          {repeats > 0 && <span className={classes["tag"]}>sent {repeats + 1} times</span>}
          {again > 0 && <span className={classes["tag"]}>again, no. {again + 1}</span>}
          {message.detail !== "" && <span className={classes["detail"]}>{message.detail}</span>}
          {legs > 1 && <span className={classes["detail"]}>leg {message.leg}</span>}
          <span style={HIDDEN}>{spoken(message, columns)}</span>
        </div>
      </div>
    </div>
  );
}

const SORTS: Record<MessageKind, string> = {
  request: "request",
  provisional: "provisional answer",
  final: "final answer",
  error: "error",
};

/** What the arrow shows, in words. */
const spoken = ({ from, to, kind }: Message, columns: Column[]): string =>
  `, ${SORTS[kind]} from ${columns[from]?.label ?? ""} to ${columns[to]?.label ?? ""}`;

/** Solid for requests, dashed for provisional answers, a dot at the tail of final ones, a cross for errors. */
function Arrow({ kind, from, to }: { kind: MessageKind; from: number; to: number }) {
  if (from === to) {
    return (
      <svg x={`${from}%`} y={LINE - 14} overflow="visible">
        <path d="M0 2h30v12H5" className={classes["arrow"]} fill="none" />
        <path d="M0 14l8-4v8Z" className={classes["tip"]} />
        {kind === "error" && <Cross x={18} y={14} />}
      </svg>
    );
  }
  const right = to > from;
  return (
    <>
      <line x1={`${from}%`} x2={`${to}%`} y1={LINE} y2={LINE} className={classes["arrow"]} />
      <svg x={`${to}%`} y={LINE} overflow="visible">
        <path d={right ? "M0 0l-9 -4.5v9Z" : "M0 0l9 -4.5v9Z"} className={classes["tip"]} />
        {kind === "error" && <Cross x={right ? -18 : 18} y={0} />}
      </svg>
      {kind === "final" && (
        <svg x={`${from}%`} y={LINE} overflow="visible">
          <circle r={3.5} className={classes["tip"]} />
        </svg>
      )}
    </>
  );
}

const Cross = ({ x, y }: { x: number; y: number }) => (
  <path d={`M${x - 4} ${y - 4}l8 8m0 -8l-8 8`} className={classes["cross"]} />
);

const KINDS: [MessageKind, string][] = [
  ["request", "Request"],
  ["provisional", "Provisional"],
  ["final", "Final"],
  ["error", "Error"],
];

export function LadderLegend() {
  return (
    <Group gap="sm" aria-label="What the arrows mean" role="group">
      {KINDS.map(([kind, word]) => (
        <Group key={kind} gap={5} wrap="nowrap" data-kind={kind} className={classes["sample"]}>
          <svg width={38} height={12} aria-hidden="true" viewBox={`0 ${LINE - 6} 38 12`}>
            <svg x={3} width={32} height={60} overflow="visible">
              <Arrow kind={kind} from={0} to={100} />
            </svg>
          </svg>
          <Text size="xs" span>
            {word}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
