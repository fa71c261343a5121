/** What somebody may do: each role, where, since when, by whom and why. */
import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../api/client";
import { Fresh } from "../../app/SignInAgain";
import { brief } from "../../lib/format";
import { type HeldRole, heldWords } from "../../lib/roles";
import { Ask } from "../../ui/Ask";
import { Empty } from "../../ui/States";
import { When, useNow } from "../../ui/When";
import { clockTime } from "../../lib/time";
import type { Account } from "../people/model";
import type { Do } from "./Dialogs";
import type { Namer } from "./Person";
import { Rows } from "../../ui/Rows";

export function Roles({
  account,
  isMe,
  may,
  name,
  act,
}: {
  account: Account;
  isMe: boolean;
  may: boolean;
  name: Namer;
  act: (what: Do) => void;
}) {
  const client = useQueryClient();
  const [taking, setTaking] = useState<HeldRole>();
  const changes = may && !isMe && account.disabled_ms === null;
  return (
    <>
      {account.roles.length === 0 ? (
        <Empty title="No role">Without one they see nothing.</Empty>
      ) : (
        <Rows label="Roles" columns={["Role", "Given", "Why", "Ends"]} acts={changes} wide={620}>
          {account.roles.map((held) => (
            <Table.Tr key={held.id}>
              <Table.Td>
                <Text size="sm" fw={600} className="rf-outside">
                  {heldWords(held)}
                </Text>
              </Table.Td>
              <Table.Td>
                <When ms={held.granted_ms} />
                <Text size="xs" c="dimmed" className="rf-outside">
                  by {name(held.granted_by)}
                </Text>
              </Table.Td>
              <Table.Td miw={180}>
                <Text size="sm" className="rf-outside" c={held.why === "" ? "dimmed" : undefined}>
                  {held.why === "" ? "not said" : brief(held.why, 500)}
                </Text>
              </Table.Td>
              <Table.Td>
                <Ends held={held} />
              </Table.Td>
              {changes && (
                <Table.Td ta="right">
                  <Button
                    variant="default"
                    size="compact-xs"
                    onClick={() => setTaking(held)}
                    aria-label={`Take ${heldWords(held)}…`}
                  >
                    Take…
                  </Button>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Rows>
      )}
      {may && isMe && (
        <Text size="sm" c="dimmed" mt="xs">
          Another person gives and takes your roles.
        </Text>
      )}
      {changes && (
        <Group mt="xs">
          <Button variant="default" onClick={() => act("role")}>
            Give a role…
          </Button>
        </Group>
      )}
      {taking && (
        <Fresh close={() => setTaking(undefined)}>
          <Ask
            title={`Take “${heldWords(taking)}” from ${brief(account.name)}?`}
            act="Take it"
            does={async () => {
              const path = { id: account.id, role: taking.id };
              await ask(api.DELETE("/api/v1/people/{id}/roles/{role}", { params: { path } }));
              await client.invalidateQueries({ queryKey: ["people"] });
            }}
            close={() => setTaking(undefined)}
          >
            What it let them do ends with the next request. They stay signed in.
          </Ask>
        </Fresh>
      )}
    </>
  );
}

function Ends({ held }: { held: HeldRole }) {
  const now = useNow();
  const at = held.reserve ? held.in_force_until_ms : held.expires_ms;
  if (held.reserve)
    return at !== null && at > now ? (
      <Badge color="red.9" tt="none" miw="max-content">
        in force until {clockTime(at)}
      </Badge>
    ) : (
      <Badge variant="outline" color="gray" tt="none" miw="max-content" title="Not in force until they break the glass">
        in reserve
      </Badge>
    );
  if (at === null)
    return (
      <Text size="sm" c="dimmed">
        not by itself
      </Text>
    );
  return (
    <Text size="sm" component="span" c={at <= now ? "dimmed" : undefined}>
      {at <= now && "over "}
      <When ms={at} />
    </Text>
  );
}
