/** How the search stands: running and for how long, done and how much, cut off and by what. */
import { Button, Group, Loader, Text } from "@mantine/core";
import { count, plural } from "../../lib/format";
import { lasting } from "../../lib/time";
import { Elapsed } from "./Elapsed";
import { LIMITS } from "./state";

export function StatusLine({
  running,
  stopped,
  before,
  rows,
  took,
  truncated,
  limit,
  total,
  what,
  cancel,
  again,
  more,
}: {
  /** The question that runs, told apart from the one before; nothing when none does. */
  running: string | undefined;
  stopped: boolean;
  /** Whether rows of the search before are still shown. */
  before: boolean;
  rows: number | undefined;
  took: number;
  truncated: boolean;
  limit: number;
  /** How many there are in all, where that was counted. */
  total: number | undefined;
  /** What a row is. */
  what: "event" | "row";
  cancel: () => void;
  again: () => void;
  more: (limit: number) => void;
}) {
  if (running !== undefined) {
    return (
      <Group gap={8} wrap="nowrap" role="status">
        <Loader size={14} aria-hidden="true" />
        <Text size="sm">
          Running <Elapsed key={running} />
        </Text>
        <Button size="compact-xs" variant="default" onClick={cancel}>
          Cancel
        </Button>
      </Group>
    );
  }
  if (stopped) {
    return (
      <Group gap={8} role="status">
        <Text size="sm">
          Cancelled; the server stopped it.{before ? " What you see is from the search before." : ""}
        </Text>
        <Button size="compact-xs" variant="default" onClick={again}>
          Run again
        </Button>
      </Group>
    );
  }
  if (rows === undefined) return <span />;
  const next = LIMITS.find((l) => l > limit);
  // Fewer than asked for, and yet not all: that was the server.
  const byServer = truncated && rows < limit;
  return (
    <Group gap={8} role="status">
      <Text size="sm">
        {truncated && !byServer ? `The first ${count(rows)}` : count(rows)}
        {truncated && total !== undefined && total > rows
          ? ` of ${plural(total, what)}`
          : ` ${rows === 1 ? what : `${what}s`}`}
        <Text span c="dimmed">
          {" "}
          in {took < 1_000 ? `${Math.round(took)} ms` : lasting(took)}
        </Text>
      </Text>
      {byServer && (
        <Text size="sm" fw={600}>
          There are more: the server&apos;s own limit cut the answer.
        </Text>
      )}
      {truncated && !byServer && next !== undefined && (
        <Button size="compact-xs" variant="default" onClick={() => more(next)}>
          Show up to {count(next)}
        </Button>
      )}
      {truncated && !byServer && next === undefined && (
        <Text size="sm" c="dimmed">
          Narrow the search to see the rest.
        </Text>
      )}
    </Group>
  );
}
