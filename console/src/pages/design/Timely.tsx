/** What happened when: the axis, the rows of evidence, the strip. */
import { Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type TimelineEvent, recordQuery } from "../../api/queries";
import { EvidenceRow } from "../../ui/EvidenceRow";
import { TimeAxis } from "../../ui/TimeAxis";
import { Trend } from "../../ui/Trend";
import { EVENTS, RAW, STRETCHES, TREND } from "./example";
import { Part } from "./Part";

export function Timely() {
  const client = useQueryClient();
  const [picked, setPicked] = useState<string | undefined>("example-150");
  const [open, setOpen] = useState<string | undefined>();
  const toggle = (event: TimelineEvent) => {
    // The server knows nothing of an example.
    client.setQueryData(recordQuery(event.event_id).queryKey, { event, raw: RAW });
    setPicked(event.event_id);
    setOpen(open === event.event_id ? undefined : event.event_id);
  };
  return (
    <>
      <Part
        title="Time axis"
        says="Events on lanes: a point is an event, a bar a stretch of time, a triangle a finding. Points that would cover each other become one with their number in it. Arrow keys walk, plus and minus zoom, 0 shows all; dragging zooms too. A hatched bar is an absence, such as a pause."
      >
        <Text size="xs" c="dimmed" mb={4}>
          Example: an invented call of three minutes.
        </Text>
        <TimeAxis
          events={EVENTS}
          stretches={STRETCHES}
          picked={picked}
          onPick={(event) => setPicked(event.event_id)}
          label="Example call"
        />
      </Part>
      <Part
        title="Evidence row"
        says="One event as a sentence: when, what, who. A finding has its severity and stands in bold. What the calls say about a look-up follows in grey. Opened, it shows its fields, those facts, and the record as it came."
      >
        <Text size="xs" c="dimmed" mb={4}>
          Example: the same invented call.
        </Text>
        {EVENTS.slice(3, 8).map((event) => (
          <EvidenceRow
            key={event.event_id}
            event={event}
            open={open === event.event_id}
            toggle={() => toggle(event)}
            hide={["call"]}
          />
        ))}
      </Part>
      <Part
        title="Strip"
        says="Counts over time, small. A gap that goes to the bottom is silence: nothing came. The exact count shows where the pointer is; its sum is always there in words."
      >
        <Trend title="Events, by the half hour (example)" unit="events" series={TREND} />
      </Part>
    </>
  );
}
