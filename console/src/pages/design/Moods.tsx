/** What a view shows when there is nothing to show. */
import { SimpleGrid, Stack, Text } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Problem } from "../../api/client";
import { Notice } from "../../ui/Notice";
import { Section } from "../../ui/Page";
import { Empty, Failed, Forbidden, Loading } from "../../ui/States";

export function Moods() {
  const [again, setAgain] = useState(0);
  return (
    <Section title="States of a view">
      <Text size="sm" c="dimmed" mb="xs" maw={900}>
        Every view has four: on its way, full, empty, failed. And empty has three moods, because “no alerts” and
        “nothing can be seen” must never look the same. All of these are examples.
      </Text>
      <SimpleGrid cols={{ base: 1, md: 2, lg: 3 }} spacing="md">
        <One name="Empty, calm: nothing is wrong">
          <Empty mood="calm" title="No open alerts">
            All sources were heard in the last minutes.
          </Empty>
        </One>
        <One name="Empty, blind: nothing can be seen, which is wrong">
          <Empty mood="blind" title="No source has sent anything yet">
            Until one does, no alert means nothing.
          </Empty>
        </One>
        <One name="Empty, none: there just is none">
          <Empty title="No rule is like that">Clear the search to see all of them.</Empty>
        </One>
        <One name="Failed: what happened, what to do">
          <Failed
            key={again}
            error={
              new Problem(
                503,
                "unavailable",
                "The server does not answer",
                "Check that it runs and that you are connected.",
              )
            }
            retry={() => setAgain(again + 1)}
          />
        </One>
        <One name="Forbidden: whom to ask">
          <Forbidden />
        </One>
        <One name="Loading: the shape of what will come">
          <Loading rows={4} />
        </One>
      </SimpleGrid>
      <Stack gap={0} mt="md">
        <Text size="xs" c="dimmed" mb={4}>
          Beside something that is there: a note, a care, a trouble
        </Text>
        <Notice title="What you see is a part">The first 1,000 of 12,345 rows.</Notice>
        <Notice tone="care" title="This token is shown only now">
          Store it where the sender reads it.
        </Notice>
        <Notice tone="bad" title="The server cannot take events at present">
          The disk is full: senders keep what they have and try again.
        </Notice>
      </Stack>
    </Section>
  );
}

function One({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed" mb={4}>
        {name}
      </Text>
      {children}
    </div>
  );
}
