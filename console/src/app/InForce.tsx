/** Over every page, as long as whoever sits here has a role in force by a broken glass. */
import { Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "../api/client";
import { heldWords } from "../lib/roles";
import { clockTime } from "../lib/time";
import { useNow } from "../ui/When";
import { useSession } from "./session";

export function InForce() {
  const { emergencies } = useSession();
  const now = useNow();
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/me/emergencies")),
    // What may be seen is another thing now.
    onSettled: () => client.invalidateQueries(),
  });
  const lasting = emergencies.filter((held) => (held.in_force_until_ms ?? 0) > now);
  if (lasting.length === 0) return null;
  const until = Math.max(...lasting.map((held) => held.in_force_until_ms ?? 0));
  return (
    <Group
      role="region"
      aria-label="Emergency"
      data-emergency=""
      justify="space-between"
      gap="xs"
      px={{ base: "sm", sm: "lg" }}
      py={6}
      bg="red.9"
      c="white"
    >
      <Group gap="xs" wrap="nowrap" style={{ minWidth: 0 }}>
        <IconAlertTriangle size={18} aria-hidden="true" style={{ flex: "none" }} />
        <Text size="sm" fw={600} className="rf-outside">
          You broke the glass: {lasting.map(heldWords).join(", ")}, until {clockTime(until)}. Everything you do is
          recorded and reviewed.
        </Text>
      </Group>
      <Group gap="xs">
        {end.error && (
          <Text size="sm" role="alert">
            {end.error.message}
          </Text>
        )}
        <Button variant="white" color="red.9" size="compact-sm" onClick={() => end.mutate()} loading={end.isPending}>
          End now
        </Button>
      </Group>
    </Group>
  );
}
