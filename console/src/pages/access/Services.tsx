/** Programs that use the API with a token of their own. */
import { Badge, Button, Group, Modal, Table, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { servicesQuery } from "../../api/queries";
import { brief } from "../../lib/format";
import { DIALOG } from "../../ui/dialog";
import { Notice } from "../../ui/Notice";
import { Asked, Empty, Loading } from "../../ui/States";
import { When, useNow } from "../../ui/When";
import { roleWords } from "./words";
import { Rows } from "../../ui/Rows";

type Service = Schemas["Service"];

/** That of scripts on the machine itself; it cannot be ended from here. */
const AUTOMATION = "admin";
const WEEK = 7 * 86_400_000;

export function Services({ add }: { add: () => void }) {
  const query = useQuery(servicesQuery);
  const [ending, setEnding] = useState<Service>();
  return (
    <>
      <Asked
        query={query}
        loading={<Loading rows={3} />}
        empty={({ items }) =>
          items.length === 0 && (
            <Empty title="No program has a token">
              <Button variant="default" size="xs" mt="xs" onClick={add}>
                Make a service
              </Button>
            </Empty>
          )
        }
      >
        {({ items }) => (
          <Rows label="Programs with a token" columns={["Service", "May", "Last used", "Ends"]} acts wide={640}>
            {items.map((service) => (
              <Table.Tr key={service.id}>
                <Table.Td>
                  <Text size="sm" fw={600} className="rf-outside">
                    {brief(service.name, 60)}
                  </Text>
                  {service.id === AUTOMATION && (
                    <Text size="xs" c="dimmed">
                      token of RINGFENCE_ADMIN_TOKEN, good on this machine only
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>
                  {service.roles.map((held) => (
                    <Text key={held.id} size="sm" className="rf-outside" title={held.why}>
                      {roleWords(held.role)} in {held.program === "*" ? "all programs" : brief(held.program)}
                    </Text>
                  ))}
                </Table.Td>
                <Table.Td>
                  {service.last_used_ms === null ? (
                    <Text size="sm" c="dimmed">
                      never
                    </Text>
                  ) : (
                    <When ms={service.last_used_ms} />
                  )}
                </Table.Td>
                <Table.Td>
                  <Ends service={service} />
                </Table.Td>
                <Table.Td ta="right">
                  {service.disabled_ms === null && service.id !== AUTOMATION && (
                    <Button
                      variant="default"
                      size="compact-xs"
                      onClick={() => setEnding(service)}
                      aria-label={`End ${service.name}…`}
                    >
                      End…
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </Rows>
        )}
      </Asked>
      {ending && <End service={ending} close={() => setEnding(undefined)} />}
    </>
  );
}

function Ends({ service }: { service: Service }) {
  const now = useNow();
  if (service.disabled_ms !== null)
    return (
      <Badge variant="default" tt="none">
        ended <When ms={service.disabled_ms} />
      </Badge>
    );
  if (service.expires_ms === null)
    return (
      <Text size="sm" c="dimmed">
        not by itself
      </Text>
    );
  if (service.expires_ms <= now)
    return (
      <Badge variant="default" tt="none">
        over <When ms={service.expires_ms} />
      </Badge>
    );
  return (
    <Text size="sm" component="span">
      <When ms={service.expires_ms} />
      {service.expires_ms - now < WEEK && " – make a new one in time"}
    </Text>
  );
}

function End({ service, close }: { service: Service; close: () => void }) {
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/services/{id}", { params: { path: { id: service.id } } })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["services"] });
      close();
    },
  });
  return (
    <Modal {...DIALOG} opened onClose={close} title={`End ${brief(service.name)}?`}>
      <Text size="sm">
        Its token is good for nothing from now on, and cannot be made good again. What uses it gets no decision and no
        answer.
      </Text>
      {end.error && <Notice tone="bad">{end.error.message}</Notice>}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close} data-autofocus>
          Leave it
        </Button>
        <Button color="red.8" onClick={() => end.mutate()} loading={end.isPending}>
          End it
        </Button>
      </Group>
    </Modal>
  );
}
