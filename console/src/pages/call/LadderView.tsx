/** The SIP ladder of a call: who sent what to whom, message below message. */
import { Group, Switch, Text } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import type { TimelineEvent } from "../../api/queries";
import { count, plural } from "../../lib/format";
import { Empty } from "../../ui/States";
import { LadderLegend, LadderRow, ROW } from "./LadderRow";
import classes from "./Ladder.module.css";
import { SipDrawer } from "./SipDrawer";
import { type Message, ladderOf } from "./ladder";

const STEPS: Record<string, (at: number, last: number) => number> = {
  ArrowDown: (at) => at + 1,
  ArrowUp: (at) => at - 1,
  PageDown: (at) => at + 15,
  PageUp: (at) => at - 15,
  Home: () => 0,
  End: (_, last) => last,
};

export function LadderView({
  events,
  picked,
  hideAgain,
  onPick,
  onHideAgain,
}: {
  /** Signalling in the order of time. */
  events: TimelineEvent[];
  picked?: string | undefined;
  hideAgain: boolean;
  onPick: (event: TimelineEvent) => void;
  onHideAgain: (hide: boolean) => void;
}) {
  const ladder = useMemo(() => ladderOf(events), [events]);
  const shown = useMemo(
    () => (hideAgain ? ladder.messages.filter((m) => m.again === 0) : ladder.messages),
    [ladder, hideAgain],
  );
  const [opened, setOpened] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const id = useId();
  const rows = useVirtualizer({
    count: shown.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW,
    overscan: 12,
    // The heads of the columns stay over the rows.
    scrollPaddingStart: HEAD,
  });
  const here = useMemo(() => shown.findIndex((m) => m.event.event_id === picked), [shown, picked]);
  useEffect(() => {
    if (here >= 0) rows.scrollToIndex(here, { align: "auto" });
  }, [here, rows]);
  const pick = (at: number) => {
    const message = shown[Math.min(Math.max(at, 0), shown.length - 1)];
    if (message) onPick(message.event);
  };
  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step) pick(here < 0 ? 0 : step(here, shown.length - 1));
    else if ((event.key === "Enter" || event.key === " ") && here >= 0) setOpened(true);
    else return;
    event.preventDefault();
  };
  const open = (message: Message) => {
    onPick(message.event);
    setOpened(true);
  };
  if (ladder.messages.length === 0) return <Empty mood="blind" title="No SIP message of this call was seen" />;
  const width = ladder.columns.length * 128;
  return (
    <>
      <Group justify="space-between" gap="sm" mb="xs">
        <Text size="sm">
          {plural(ladder.messages.length, "message")}, {plural(ladder.errors, "error")},{" "}
          {ladder.retransmissions === 0 ? "no" : count(ladder.retransmissions)}{" "}
          {ladder.retransmissions === 1 ? "retransmission" : "retransmissions"}
          {ladder.legs.length > 1 && `, ${ladder.legs.length} Call-IDs`}
        </Text>
        <Group gap="md">
          <LadderLegend />
          <Switch
            size="sm"
            disabled={ladder.retransmissions === 0}
            checked={!hideAgain}
            onChange={(e) => onHideAgain(!e.currentTarget.checked)}
            label="Show retransmissions"
          />
        </Group>
      </Group>
      <div
        ref={box}
        className={classes["box"]}
        role="listbox"
        tabIndex={0}
        aria-label="SIP messages in the order of time. Arrow keys walk, Enter opens."
        aria-activedescendant={here >= 0 ? `${id}-${here}` : undefined}
        onKeyDown={keys}
      >
        <div style={{ minWidth: `calc(var(--rf-ladder-time) + ${width}px)` }}>
          <div className={classes["head"]} style={{ height: HEAD }} aria-hidden="true">
            <span className={classes["time"]}>Time</span>
            <div className={classes["lines"]}>
              {ladder.columns.map((column, i) => (
                <span
                  key={column.key}
                  className={classes["column"]}
                  style={{
                    left: `${(i / ladder.columns.length) * 100}%`,
                    width: `${100 / ladder.columns.length}%`,
                  }}
                  title={column.label}
                >
                  {column.label}
                </span>
              ))}
            </div>
          </div>
          <div role="presentation" style={{ height: rows.getTotalSize(), position: "relative" }}>
            {rows.getVirtualItems().map((item) => {
              const message = shown[item.index];
              return (
                message && (
                  <LadderRow
                    key={item.key}
                    id={`${id}-${item.index}`}
                    message={message}
                    columns={ladder.columns}
                    legs={ladder.legs.length}
                    place={{ index: item.index, of: shown.length, top: item.start }}
                    picked={item.index === here}
                    onClick={() => open(message)}
                  />
                )
              );
            })}
          </div>
        </div>
      </div>
      <SipDrawer
        message={opened ? shown[here] : undefined}
        columns={ladder.columns}
        place={`${here + 1} of ${shown.length}`}
        onClose={() => {
          setOpened(false);
          box.current?.focus();
        }}
        onStep={(step) => pick(here + step)}
      />
    </>
  );
}

const HEAD = 40;
