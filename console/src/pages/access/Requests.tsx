/** Roles that somebody asks for, to be answered. */
import { Button, Group, Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { requestsQuery } from "../../api/queries";
import { Fresh } from "../../app/SignInAgain";
import { brief, plural } from "../../lib/format";
import { heldWords } from "../../lib/roles";
import { Rows } from "../../ui/Rows";
import { SayWhy } from "../../ui/SayWhy";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";

type Request = Schemas["RoleRequestShown"];

export function Requests() {
  const query = useQuery(requestsQuery);
  const client = useQueryClient();
  const [answering, setAnswering] = useState<{ request: Request; grants: boolean }>();
  const close = () => setAnswering(undefined);
  const answer = async (request: Request, grants: boolean, note: string) => {
    const to = { params: { path: { id: request.id } }, body: { note } };
    await ask(
      grants
        ? api.POST("/api/v1/access/requests/{id}/approve", to)
        : api.POST("/api/v1/access/requests/{id}/refuse", to),
    );
    await client.invalidateQueries({ queryKey: requestsQuery.queryKey });
    await client.invalidateQueries({ queryKey: ["people"] });
  };
  return (
    <Asked query={query} loading={<Loading rows={2} />}>
      {({ items }) => {
        const waiting = items.filter((request) => request.answerable);
        if (waiting.length === 0)
          return (
            <Empty mood="calm" title="Nobody waits for an answer">
              Whoever is signed in asks for a role for a time under “My account”.
            </Empty>
          );
        return (
          <>
            <Rows label="Requests of roles" columns={["Who", "What", "Why", "Asked"]} acts wide={680}>
              {waiting.map((request) => (
                <Table.Tr key={request.id} data-request={request.id}>
                  <Table.Td>
                    <Text size="sm" fw={600} className="rf-outside">
                      {brief(request.name, 60)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm">{heldWords(request)}</Text>
                    <Text size="xs" c="dimmed">
                      for {plural(request.minutes, "minute")}
                    </Text>
                  </Table.Td>
                  <Table.Td miw={180}>
                    <Text size="sm" className="rf-outside">
                      {brief(request.why, 500)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <When ms={request.asked_ms} />
                    <Text size="xs" c="dimmed">
                      lapses <When ms={request.lapses_ms} />
                    </Text>
                  </Table.Td>
                  <Table.Td ta="right">
                    <Group gap={4} justify="flex-end" wrap="nowrap">
                      <Button
                        size="compact-xs"
                        onClick={() => setAnswering({ request, grants: true })}
                        aria-label={`Grant ${request.name} ${heldWords(request)}…`}
                      >
                        Grant…
                      </Button>
                      <Button
                        variant="default"
                        size="compact-xs"
                        onClick={() => setAnswering({ request, grants: false })}
                        aria-label={`Refuse ${request.name} ${heldWords(request)}…`}
                      >
                        Refuse…
                      </Button>
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Rows>
            {answering && (
              <Fresh close={close}>
                <SayWhy
                  title={`${answering.grants ? "Grant" : "Refuse"} ${brief(answering.request.name)} this?`}
                  label="What you say to them"
                  optional
                  act={answering.grants ? "Grant it" : "Refuse it"}
                  does={(note) => answer(answering.request, answering.grants, note)}
                  close={close}
                >
                  {answering.grants
                    ? `${heldWords(answering.request)}, from now on for ${plural(answering.request.minutes, "minute")}; then it ends by itself.`
                    : `${heldWords(answering.request)}: they are told, and can ask again.`}
                </SayWhy>
              </Fresh>
            )}
          </>
        );
      }}
    </Asked>
  );
}
