/** Says, a minute before, that a session in which nobody does anything ends. */
import { Button, Group, Paper, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { askSession } from "../api/queries";
import { useSecond } from "../lib/clock";
import { HIDDEN } from "../ui/Severity";
import { NO_TOUCH, activity } from "./activity";
import { countdown, endOf } from "./ends";
import { signOut, useSeat } from "./session";

/** How often it is asked again when the session should be over and the server did not say so. */
const AGAIN_MS = 15_000;

export function Idle() {
  const { session, endsAt } = useSeat();
  const client = useQueryClient();
  const now = useSecond();
  const end = endOf({ touched: activity.touched, idleMs: session.idle_ms, endsAt }, now);
  const over = end !== undefined && end.left <= 0;
  useEffect(() => {
    if (!over) return;
    // Nothing stays on the screen of somebody who went away: the server says that it is over.
    const timer = setInterval(() => askSession(client), AGAIN_MS);
    askSession(client);
    return () => clearInterval(timer);
  }, [over, client]);
  if (!end) return null;
  const why = end.idle ? "Move on, or sign out." : "A session lasts no longer: sign in again to go on.";
  return (
    <Paper
      {...{ [NO_TOUCH]: "" }}
      data-idle
      shadow="md"
      p="sm"
      style={{ position: "fixed", right: 16, bottom: 16, zIndex: 400, maxWidth: "calc(100vw - 32px)" }}
    >
      <span role="status" style={HIDDEN}>
        You will be signed out within a minute. {why}
      </span>
      <Group gap="sm" wrap="nowrap">
        <Text size="sm" aria-hidden="true">
          You will be signed out in{" "}
          <Text span fw={700} style={{ fontVariantNumeric: "tabular-nums" }}>
            {countdown(end.left)}
          </Text>
          . {why}
        </Text>
        <Button size="compact-sm" variant="default" style={{ flex: "none" }} onClick={() => void signOut()}>
          Sign out
        </Button>
      </Group>
    </Paper>
  );
}
