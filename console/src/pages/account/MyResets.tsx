/** Somebody asked to have my sign-in reset: if it was not me, this is an attack. */
import { Button, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type Schemas, api, ask } from "../../api/client";
import { meQuery } from "../../api/queries";
import { dayTime } from "../../lib/time";
import { Notice } from "../../ui/Notice";
import { When } from "../../ui/When";
import { Wrong } from "../../ui/Wrong";

export function MyResets({ resets }: { resets: Schemas["Reset"][] }) {
  return resets.filter((reset) => reset.ended_ms === null).map((reset) => <Open key={reset.id} reset={reset} />);
}

function Open({ reset }: { reset: Schemas["Reset"] }) {
  const client = useQueryClient();
  const refuse = useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/me/resets/{id}", { params: { path: { id: reset.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: meQuery.queryKey }),
  });
  return (
    <Notice
      tone="bad"
      icon={<IconAlertTriangle size={22} />}
      title="Somebody asked for a reset of how you sign in"
      data-reset={reset.id}
    >
      <Stack gap={6} align="flex-start">
        <Text size="sm">
          It was asked for <When ms={reset.asked_ms} />
          {reset.not_before_ms === null
            ? "; a second person has not confirmed it."
            : `, and confirmed by a second person: from ${dayTime(reset.not_before_ms)} on, whoever has its code sets up how you sign in.`}
        </Text>
        <Text size="sm" className="rf-outside">
          Why, in their words: {reset.why}
        </Text>
        <Text size="sm" className="rf-outside">
          How they say you were called back: {reset.called_back}
        </Text>
        <Wrong error={refuse.error} />
        <Button color="red.8" onClick={() => refuse.mutate()} loading={refuse.isPending}>
          This was not me: refuse
        </Button>
      </Stack>
    </Notice>
  );
}
