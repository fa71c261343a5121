/** Roles that I asked for, for a time. */
import { Button, Group, Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { requestsQuery } from "../../api/queries";
import { brief, label, plural } from "../../lib/format";
import { heldWords } from "../../lib/roles";
import { Ask } from "../../ui/Ask";
import { Rows } from "../../ui/Rows";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";

type Request = Schemas["RoleRequestShown"];

const SHOWN = 10;

export function MyRequests({ me, ask: begin }: { me: string; ask: () => void }) {
  const query = useQuery(requestsQuery);
  const client = useQueryClient();
  const [ending, setEnding] = useState<Request>();
  return (
    <>
      <Asked query={query} loading={<Loading rows={2} />}>
        {({ items }) => {
          const mine = items.filter((request) => request.person_id === me).slice(0, SHOWN);
          if (mine.length === 0)
            return <Empty title="You asked for none">Ask for what you need, for as long as you need it.</Empty>;
          return (
            <Rows
              label="Roles that you asked for"
              columns={["Role", "Asked", "Why", "What became of it"]}
              acts
              wide={620}
            >
              {mine.map((request) => (
                <Table.Tr key={request.id} data-request={request.id}>
                  <Table.Td>
                    <Text size="sm" fw={600} className="rf-outside">
                      {heldWords(request)}
                    </Text>
                    <Text size="xs" c="dimmed">
                      for {plural(request.minutes, "minute")}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <When ms={request.asked_ms} />
                  </Table.Td>
                  <Table.Td miw={160}>
                    <Text size="sm" className="rf-outside">
                      {brief(request.why, 500)}
                    </Text>
                  </Table.Td>
                  <Table.Td miw={160}>
                    <Became request={request} />
                  </Table.Td>
                  <Table.Td ta="right">
                    {["waiting", "granted"].includes(request.state) && (
                      <Button
                        variant="default"
                        size="compact-xs"
                        onClick={() => setEnding(request)}
                        aria-label={`${actWords(request)} ${heldWords(request)}…`}
                      >
                        {actWords(request)}…
                      </Button>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          );
        }}
      </Asked>
      <Group mt="xs">
        <Button variant="default" onClick={begin}>
          Ask for a role…
        </Button>
      </Group>
      {ending && (
        <Ask
          title={`${actWords(ending)} ${heldWords(ending)}?`}
          act={actWords(ending)}
          harmless
          does={async () => {
            await ask(api.DELETE("/api/v1/access/requests/{id}", { params: { path: { id: ending.id } } }));
            // What may be seen is another thing now.
            await client.invalidateQueries();
          }}
          close={() => setEnding(undefined)}
        >
          {ending.state === "granted"
            ? "What it lets you do ends with the next request."
            : "Nobody has to answer it any longer."}
        </Ask>
      )}
    </>
  );
}

const actWords = (request: Request): string => (request.state === "granted" ? "Give back" : "Withdraw");

/** What became of a request, in words. */
function Became({ request }: { request: Request }) {
  const by = request.answered_by_name === null ? "" : ` by ${brief(request.answered_by_name)}`;
  return (
    <>
      <Text size="sm">
        {request.state === "granted" && request.until_ms !== null ? (
          <>
            granted{by}, ends <When ms={request.until_ms} />
          </>
        ) : request.state === "waiting" ? (
          <>
            waits for somebody, lapses <When ms={request.lapses_ms} />
          </>
        ) : (
          `${label(request.state).toLowerCase()}${request.state === "refused" ? by : ""}`
        )}
      </Text>
      {request.note !== "" && (
        <Text size="xs" c="dimmed" className="rf-outside">
          {brief(request.note, 500)}
        </Text>
      )}
    </>
  );
}
