/** Where somebody is signed in. */
import { Badge, Button, Group, Table, Text } from "@mantine/core";
import type { Schemas } from "../api/client";
import { browserWords, methodWords } from "../lib/browser";
import { brief } from "../lib/format";
import { When } from "./When";
import { Rows } from "./Rows";

export type SignedIn = Schemas["SignedIn"];

export function Sessions({
  sessions,
  here,
  end,
}: {
  sessions: SignedIn[];
  /** Id of the one that asks. */
  here?: string | null;
  end?: (session: SignedIn) => void;
}) {
  return (
    <Rows
      label="Where they are signed in"
      columns={["Browser", "From", "Signed in", "By", "Last active"]}
      acts={end !== undefined}
      wide={620}
    >
      {sessions.map((session) => (
        <Table.Tr key={session.id} data-session={session.id}>
          <Table.Td>
            <Group gap={6}>
              <Text size="sm" fw={600} className="rf-outside" title={session.browser}>
                {brief(browserWords(session.browser), 60)}
              </Text>
              {session.id === here && (
                <Badge variant="default" tt="none" size="sm">
                  this one
                </Badge>
              )}
            </Group>
          </Table.Td>
          <Table.Td miw={120}>
            <Text size="sm" className="rf-outside">
              {session.address === "" ? "not known" : session.address}
            </Text>
          </Table.Td>
          <Table.Td>
            <When ms={session.made_ms} />
          </Table.Td>
          <Table.Td>{methodWords(session.methods)}</Table.Td>
          <Table.Td>
            <When ms={session.active_ms} />
          </Table.Td>
          {end && (
            <Table.Td ta="right">
              {session.id !== here && (
                <Button
                  variant="default"
                  size="compact-xs"
                  onClick={() => end(session)}
                  aria-label={`End the session of ${browserWords(session.browser)} from ${session.address}…`}
                >
                  End…
                </Button>
              )}
            </Table.Td>
          )}
        </Table.Tr>
      ))}
    </Rows>
  );
}
