/** The people as a table. */
import { Anchor, Badge, Group, Table, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { brief } from "../../lib/format";
import { heldNow, heldWords, inReserve } from "../../lib/roles";
import { When, useNow } from "../../ui/When";
import { type Account, ways } from "./model";
import { StateChip } from "./StateChip";
import { Rows } from "../../ui/Rows";

export function PeopleTable({ people, me, resets }: { people: Account[]; me: string; resets: ReadonlySet<string> }) {
  return (
    <Rows label="People" columns={["Name", "Roles", "Signs in by", "Last seen", "State"]} wide={700} hover>
      {people.map((account) => (
        <Row key={account.id} account={account} isMe={account.id === me} reset={resets.has(account.id)} />
      ))}
    </Rows>
  );
}

function Row({ account, isMe, reset }: { account: Account; isMe: boolean; reset: boolean }) {
  const now = useNow();
  const roles = heldNow(account.roles, now);
  const reserve = inReserve(account.roles, now);
  return (
    <Table.Tr>
      <Table.Td miw={180}>
        <Anchor
          size="sm"
          fw={600}
          c="inherit"
          className="rf-outside"
          data-person={account.id}
          renderRoot={(props) => <Link to="/people/$id" params={{ id: account.id }} {...props} />}
        >
          {brief(account.name, 60)}
        </Anchor>
        {isMe && (
          <Text span size="xs" c="dimmed">
            {" "}
            (you)
          </Text>
        )}
        <Text size="xs" c="dimmed" className="rf-outside">
          {account.removed_ms === null ? brief(account.login, 80) : "no sign-in name any more"}
          {account.directory_ms !== null && " · from the directory"}
        </Text>
      </Table.Td>
      <Table.Td miw={190}>
        <Group gap={4}>
          {roles.map((held) => (
            <Badge key={held.id} variant="default" tt="none" size="sm" title={held.why}>
              {heldWords(held)}
            </Badge>
          ))}
          {reserve.map((held) => (
            <Badge key={held.id} variant="outline" color="gray" tt="none" size="sm" title={held.why}>
              in reserve: {heldWords(held)}
            </Badge>
          ))}
          {roles.length + reserve.length === 0 && (
            <Text size="sm" c="dimmed">
              none
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        {ways(account).map((way) => (
          <Text key={way} size="sm" c={account.enrolled_ms === null ? "dimmed" : undefined}>
            {way}
          </Text>
        ))}
      </Table.Td>
      <Table.Td>
        {account.last_used_ms === null ? (
          <Text size="sm" c="dimmed">
            never
          </Text>
        ) : (
          <When ms={account.last_used_ms} />
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          <StateChip account={account} />
          {reset && (
            <Badge variant="default" tt="none">
              reset under way
            </Badge>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
