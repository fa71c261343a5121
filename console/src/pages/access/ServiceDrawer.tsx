/** One service: what it may do, how it proves who it is, and how that is renewed or ended. */
import { Badge, Button, Drawer, Group, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { SOON_MS } from "../../lib/credentials";
import { brief } from "../../lib/format";
import { Ask } from "../../ui/Ask";
import { Certificates } from "../../ui/credentials/Certificates";
import { LetInBy } from "../../ui/credentials/LetIn";
import { NewToken } from "../../ui/credentials/NewToken";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Facts } from "../../ui/Facts";
import { Section } from "../../ui/Page";
import { When, useNow } from "../../ui/When";
import { roleWords } from "./words";

type Service = Schemas["Service"];

export function ServiceDrawer({ service, changes, close }: { service: Service; changes: boolean; close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const [dialog, setDialog] = useState<"token" | "end">();
  const there = changes && service.disabled_ms === null;
  const path = { id: service.id };
  const again = () => {
    void client.invalidateQueries({ queryKey: ["status"] });
    return client.invalidateQueries({ queryKey: ["services"] });
  };
  return (
    <Drawer opened onClose={close} position="right" size="xl" title={service.name} {...DIALOG}>
      <Section title="What it is">
        <Facts
          facts={[
            ["Made", <When key="made" ms={service.created_ms} />],
            ["Last used", service.last_used_ms === null ? "never" : <When key="used" ms={service.last_used_ms} />],
            ["Ends", <Ends key="ends" service={service} />],
          ]}
        />
        <Stack gap={2} mt="sm">
          {service.roles.map((held) => (
            <Text key={held.id} size="sm" className="rf-outside">
              {roleWords(held.role)} in {held.program === "*" ? "all programs" : brief(held.program)}
              <Text span size="xs" c="dimmed">
                {" "}
                – {held.why}
              </Text>
            </Text>
          ))}
        </Stack>
      </Section>
      {there && (
        <Section title="Token">
          <Group gap="xs">
            <Button variant="default" onClick={() => setDialog("token")}>
              Give it a new token…
            </Button>
            <Button variant="default" onClick={() => setDialog("end")}>
              End it…
            </Button>
          </Group>
        </Section>
      )}
      <Section title="Certificates">
        <Stack>
          <Certificates holder={{ kind: "service", id: service.id, name: service.name }} changes={there} />
          {there && (
            <LetInBy
              key={service.certificate}
              certificate={service.certificate}
              does={async (body) => {
                await ask(api.PATCH("/api/v1/services/{id}", { params: { path }, body }));
                await again();
              }}
            />
          )}
        </Stack>
      </Section>
      {dialog === "token" && (
        <NewToken
          name={service.name}
          gives="do what this service may, until it ends"
          ends={service.expires_ms !== null}
          does={async (body) => {
            const made = await ask(api.POST("/api/v1/services/{id}/rotate", { params: { path }, body }));
            void again();
            return made.token;
          }}
          close={() => setDialog(undefined)}
        />
      )}
      {dialog === "end" && <EndService service={service} close={() => setDialog(undefined)} />}
    </Drawer>
  );
}

/** When its token ends. */
export function Ends({ service }: { service: Service }) {
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
      {service.expires_ms - now < SOON_MS && " – give it a new token in time"}
    </Text>
  );
}

export function EndService({ service, close }: { service: Service; close: () => void }) {
  const client = useQueryClient();
  return (
    <Ask
      title={`End ${brief(service.name)}?`}
      act="End it"
      does={async () => {
        await ask(api.DELETE("/api/v1/services/{id}", { params: { path: { id: service.id } } }));
        void client.invalidateQueries({ queryKey: ["services"] });
      }}
      close={close}
    >
      Its token and its certificates are good for nothing from now on, and cannot be made good again. What uses it gets
      no decision and no answer.
    </Ask>
  );
}
