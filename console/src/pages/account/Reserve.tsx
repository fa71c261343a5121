/** Break-glass: what I hold in reserve, and how I put it in force. */
import { Button, Group, List, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { Fresh } from "../../app/SignInAgain";
import { type HeldRole, heldWords, inReserve } from "../../lib/roles";
import { Notice } from "../../ui/Notice";
import { Section } from "../../ui/Page";
import { SayWhy } from "../../ui/SayWhy";
import { When, useNow } from "../../ui/When";

export function Reserve({ me }: { me: Schemas["Me"] }) {
  const client = useQueryClient();
  const now = useNow();
  const [breaking, setBreaking] = useState<HeldRole>();
  const reserve = inReserve(me.account.roles, now);
  const open = me.emergencies.filter((glass) => glass.reviewed_ms === null);
  if (reserve.length === 0 && open.length === 0) return null;
  return (
    <Section title="For emergencies">
      {reserve.map((held) => (
        <Notice
          key={held.id}
          tone="care"
          icon={<IconAlertTriangle size={22} />}
          title={`${heldWords(held)}, in reserve`}
          data-reserve={held.id}
        >
          <Text size="sm" mb={6}>
            When it cannot wait for somebody else, you can have this role at once, for {me.emergency_minutes} minutes.
          </Text>
          <Button color="red.8" onClick={() => setBreaking(held)}>
            Break the glass…
          </Button>
        </Notice>
      ))}
      {open.length > 0 && (
        <List size="sm" listStyleType="none">
          {open.map((glass) => (
            <List.Item key={glass.id}>
              <Group gap={4}>
                {heldWords(glass)}, <When ms={glass.began_ms} />:
                {glass.ended_ms === null ? " in force" : " over, and not reviewed by another person yet"}
              </Group>
            </List.Item>
          ))}
        </List>
      )}
      {breaking && (
        <Fresh close={() => setBreaking(undefined)}>
          <SayWhy
            title="Break the glass?"
            label="Why it cannot wait"
            act={`Break it: ${me.emergency_minutes} minutes`}
            harm
            does={async (why) => {
              await ask(api.POST("/api/v1/me/emergencies", { body: { role: breaking.id, why } }));
              // What may be seen is another thing now.
              await client.invalidateQueries();
            }}
            close={() => setBreaking(undefined)}
          >
            You are {heldWords(breaking)} from then on. Whoever is told of alerts is told of this at once, with your
            reason, and another person reviews it afterwards.
          </SayWhy>
        </Fresh>
      )}
    </Section>
  );
}
