/** Resets of how somebody signs in: the one under way, and those before. */
import { Badge, Button, Group, List, Paper, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../api/client";
import { Fresh } from "../../app/SignInAgain";
import { brief } from "../../lib/format";
import { dayTime } from "../../lib/time";
import { Ask } from "../../ui/Ask";
import { Section } from "../../ui/Page";
import { When, useNow } from "../../ui/When";
import { type Account, type Reset, type Stage, notForThem, stageOf } from "../people/model";
import { Code } from "./Code";
import type { Namer } from "./Person";

const SAID: Record<Stage, string> = {
  asked: "waits for a second person",
  waits: "confirmed; its code is not good yet",
  good: "its code is good",
  done: "done",
  refused: "refused",
};

interface Props {
  resets: Reset[];
  account: Account;
  /** Id of whoever looks. */
  me: string;
  may: boolean;
  name: Namer;
}

export function Resets({ resets, ...rest }: Props) {
  if (resets.length === 0) return null;
  return (
    <Section title="Resets of the sign-in">
      <List listStyleType="none" spacing="xs" size="sm">
        {resets.map((reset) => (
          <List.Item key={reset.id} styles={{ itemWrapper: { display: "block" } }}>
            <One reset={reset} {...rest} />
          </List.Item>
        ))}
      </List>
    </Section>
  );
}

function One({ reset, account, me, may, name }: Omit<Props, "resets"> & { reset: Reset }) {
  const client = useQueryClient();
  const now = useNow();
  const [dialog, setDialog] = useState<"confirm" | "refuse">();
  const close = () => setDialog(undefined);
  const stage = stageOf(reset, now);
  const open = reset.ended_ms === null;
  const not = notForThem(reset, me);
  const path = { params: { path: { id: reset.id } } };
  return (
    <Paper p="sm" data-reset={stage}>
      <Group gap="xs" mb={4}>
        <Badge variant="default" tt="none">
          {SAID[stage]}
        </Badge>
        <Text size="sm">
          asked for by <b>{name(reset.asked_by)}</b> <When ms={reset.asked_ms} />
          {reset.confirmed_by !== null && reset.confirmed_ms !== null && (
            <>
              , confirmed by <b>{name(reset.confirmed_by)}</b> <When ms={reset.confirmed_ms} />
            </>
          )}
          {open && reset.not_before_ms !== null && `, good from ${dayTime(reset.not_before_ms)}`}
          {reset.ended_ms !== null && (
            <>
              , ended by <b>{reset.ended_by === null ? "nobody" : name(reset.ended_by)}</b> <When ms={reset.ended_ms} />
            </>
          )}
        </Text>
      </Group>
      <Text size="sm" className="rf-outside">
        Why: {brief(reset.why, 500)}
      </Text>
      <Text size="sm" className="rf-outside">
        Called back: {brief(reset.called_back, 500)}
      </Text>
      {open && may && (
        <Group gap="xs" mt="xs">
          {stage === "asked" && not === undefined && (
            <Button size="sm" onClick={() => setDialog("confirm")}>
              Confirm…
            </Button>
          )}
          <Button size="sm" variant="default" onClick={() => setDialog("refuse")}>
            Refuse…
          </Button>
          {stage === "asked" && not !== undefined && (
            <Text size="sm" c="dimmed">
              {not}
            </Text>
          )}
        </Group>
      )}
      {dialog === "confirm" && (
        <Fresh close={close}>
          <Code
            title={`Confirm the reset of how ${brief(account.name)} signs in?`}
            ask="You say that you are sure that it is them, by what is written here or by what you know. They can refuse it until its code is good. When they use the code, whatever they signed in with before is gone."
            act="Confirm it and make the code"
            name={account.name}
            make={async () => (await ask(api.POST("/api/v1/resets/{id}/confirm", path))).enrolment}
            close={close}
          />
        </Fresh>
      )}
      {dialog === "refuse" && (
        <Ask
          title="Refuse the reset?"
          act="Refuse it"
          does={async () => {
            await ask(api.DELETE("/api/v1/resets/{id}", path));
            await client.invalidateQueries({ queryKey: ["people"] });
            await client.invalidateQueries({ queryKey: ["resets"] });
          }}
          close={close}
        >
          Its code is good for nothing from then on, and {brief(account.name)} signs in as before.
        </Ask>
      )}
    </Paper>
  );
}
