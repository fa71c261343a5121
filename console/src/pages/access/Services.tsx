/** Programs that use the API with a token of their own. */
import { Button, Table, Text, UnstyledButton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { servicesQuery, statusQuery } from "../../api/queries";
import { useMay } from "../../app/session";
import { brief } from "../../lib/format";
import { EndsSoon } from "../../ui/credentials/EndsSoon";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import { Ends, EndService, ServiceDrawer } from "./ServiceDrawer";
import { roleWords } from "./words";
import { Rows } from "../../ui/Rows";

type Service = Schemas["Service"];

/** That of scripts on the machine itself; it cannot be ended from here. */
const AUTOMATION = "admin";

export function Services({
  add,
  picked,
  open,
}: {
  add: () => void;
  /** Id of the service that is shown. */
  picked: string | undefined;
  open: (id: string | undefined) => void;
}) {
  const query = useQuery(servicesQuery);
  const status = useQuery({ ...statusQuery, enabled: useMay("status:read") });
  const changes = useMay("service:change");
  const [ending, setEnding] = useState<Service>();
  const shown = query.data?.items.find((service) => service.id === picked && service.id !== AUTOMATION);
  return (
    <>
      <EndsSoon ending={(status.data?.ending ?? []).filter((one) => one.holder === "service")} />
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
                  {service.id === AUTOMATION ? (
                    <Text size="sm" fw={600} className="rf-outside">
                      {brief(service.name, 60)}
                    </Text>
                  ) : (
                    <UnstyledButton onClick={() => open(service.id)} data-service={service.id}>
                      <Text size="sm" fw={600} className="rf-outside">
                        {brief(service.name, 60)}
                      </Text>
                    </UnstyledButton>
                  )}
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
                  {changes && service.disabled_ms === null && service.id !== AUTOMATION && (
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
      {ending && <EndService service={ending} close={() => setEnding(undefined)} />}
      {shown && <ServiceDrawer service={shown} changes={changes} close={() => open(undefined)} />}
    </>
  );
}
