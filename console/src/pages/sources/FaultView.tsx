/** The beginning of a refused record with its fault marked. */
import { Button, Group, Text } from "@mantine/core";
import { useMemo, useState } from "react";
import { bytes } from "../../lib/format";
import { HIDDEN } from "../../ui/Severity";
import classes from "./Fault.module.css";
import { type Refused, bytesOf, excerpt, faultOf, glyphs, sayPlace } from "./fault";

export function FaultView({ item }: { item: Refused }) {
  const [whole, setWhole] = useState(false);
  const drawn = useMemo(() => glyphs(bytesOf(item)), [item]);
  const fault = useMemo(() => faultOf(item, drawn), [item, drawn]);
  const { before, after, head, mark, tail } = excerpt(drawn, fault, whole ? drawn.length : 240);
  const early = fault === drawn.length;
  const place = sayPlace(item);
  return (
    <div>
      {/* It scrolls, so it takes the focus. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <pre className={classes["sample"]} tabIndex={0} aria-label="The beginning of the refused record">
        {before && <span className={classes["cut"]}>… </span>}
        {head}
        {fault !== undefined && (
          <>
            <span style={HIDDEN}>{early ? " (ends here too early)" : " (fault here:) "}</span>
            <mark className={classes["mark"]} data-fault="">
              {early ? "\u00a0" : mark === "\n" ? "↵" : mark}
            </mark>
            {mark === "\n" && "\n"}
          </>
        )}
        {tail}
        {after && <span className={classes["cut"]}> …</span>}
      </pre>
      <Group justify="space-between" gap="xs" mt={4}>
        <Text size="xs" c="dimmed">
          {fault === undefined
            ? `The exact place in the kept beginning is not known${place === "" ? "" : `; told was ${place}`}.`
            : early
              ? `▲ the record ends here, too early${place === "" ? "" : ` (${place})`}`
              : `▲ here it went wrong${place === "" ? "" : ` (${place})`}`}
          {" · "}
          {bytes(item.record_bytes)} kept
        </Text>
        {(before || after || whole) && (
          <Button size="compact-xs" variant="subtle" onClick={() => setWhole(!whole)}>
            {whole ? "Show less" : "Show all that was kept"}
          </Button>
        )}
      </Group>
    </div>
  );
}
