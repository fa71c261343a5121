/** The parts of a story as bars on the axis of time. */
import type { TimelineEvent } from "../../api/queries";
import { CLASS } from "../../lib/say";
import type { Stretch } from "../../ui/TimeAxis";
import type { BarKind, Story } from "./story";

type Look = Pick<Stretch, "label" | "color" | "pattern">;

const BARS: Record<BarKind, Look> = {
  ring: { label: "rings", color: "var(--mantine-color-gray-6)", pattern: "dotted" },
  transfer: { label: "rings, transferred", color: "var(--mantine-color-gray-6)", pattern: "dotted" },
  talk: { label: "talks", color: "var(--mantine-color-ring-8)" },
  hold: { label: "on hold", color: "var(--mantine-color-yellow-8)", pattern: "hatched" },
  wrap_up: { label: "wrap-up", color: "var(--mantine-color-cyan-8)", pattern: "dotted" },
};

/** Where it waits without an agent. */
export const QUEUE = "queue";

export function stretchesOf(story: Story): Stretch[] {
  const stretches: Stretch[] = story.bars.map(({ agent, kind, from, to }) => ({
    lane: "call",
    track: agent ?? (story.parts.length > 0 ? QUEUE : ""),
    from,
    to,
    ...BARS[kind],
  }));
  for (const { state, from, to } of story.recording.stretches) {
    stretches.push({
      lane: "recording",
      from,
      to,
      ...(state === "on"
        ? { label: "recorded", color: "var(--mantine-color-grape-7)" }
        : { label: "paused", color: "var(--mantine-color-grape-7)", pattern: "hatched" }),
    });
  }
  for (const { from, to } of story.against) {
    stretches.push({
      lane: "recording",
      from,
      to,
      label: "recorded against consent",
      color: "var(--mantine-color-red-8)",
      pattern: "hatched",
    });
  }
  return stretches;
}

/** A look-up that the call does not explain. */
export function flagOf(event: TimelineEvent): string | undefined {
  if (event.class_uid !== CLASS.records) return undefined;
  // What may still change is no reason to point at somebody.
  if (event.facts?.["call.settled"] === false) return undefined;
  return event.facts?.["call.same_customer"] === false ? "another customer's record" : undefined;
}
