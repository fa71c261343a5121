/** What a person can change about a source. */
import { Button, Code, Group, Modal, NumberInput, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { DIALOG } from "../../ui/dialog";
import { Notice } from "../../ui/Notice";
import { type Declared, type SourceView, interval, isOfConfig } from "./model";
import { NewToken } from "../../ui/credentials/NewToken";

export function SourceActions({ view }: { view: SourceView }) {
  const { declared } = view;
  if (!declared) {
    return (
      <Text size="sm" c="dimmed">
        It is built in: events that are sent with the token of RINGFENCE_ADMIN_TOKEN. Give each sender a source of its
        own.
      </Text>
    );
  }
  if (isOfConfig(declared)) {
    return (
      <Text size="sm" c="dimmed">
        It is declared in the configuration file, as{" "}
        <Code className="rf-outside">
          {declared.kind === "connector" ? "[[connector]]" : "[[source]]"} name = &quot;{declared.name}&quot;
        </Code>
        : change it there and restart the server. It has no token.
      </Text>
    );
  }
  return <Changes key={declared.id} source={declared} />;
}

function Changes({ source }: { source: Declared }) {
  const client = useQueryClient();
  const [dialog, setDialog] = useState<"rotate" | "disable" | null>(null);
  const [secs, setSecs] = useState<number | "">(source.expect_every_secs ?? "");
  const change = useMutation({
    mutationFn: (body: Schemas["SourceChange"]) =>
      ask(api.PATCH("/api/v1/sources/{id}", { params: { path: { id: source.id } }, body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: ["sources"] });
      void client.invalidateQueries({ queryKey: ["status"] });
      setDialog(null);
    },
  });
  const off = source.disabled_ms !== null;
  const save = (event: SyntheticEvent) => {
    event.preventDefault();
    // Zero takes the server back to what it has learned.
    change.mutate({ expect_every_secs: secs === "" ? 0 : secs });
  };
  const changed = (secs === "" ? null : secs) !== source.expect_every_secs;
  return (
    <Stack gap="sm">
      <form onSubmit={save}>
        <Group align="flex-start" gap="xs">
          <NumberInput
            label="Expected at least every so many seconds"
            description={
              secs === ""
                ? "Empty: learned. An alarm comes after four times the longest recent pause, between 5 minutes and 12 hours."
                : `An alarm comes after ${interval(secs)} without a record.`
            }
            inputWrapperOrder={["label", "input", "description"]}
            placeholder="learned"
            min={1}
            max={4_294_967_295}
            allowDecimal={false}
            allowNegative={false}
            value={secs}
            onChange={(value) => setSecs(typeof value === "number" && value > 0 ? value : "")}
            w={{ base: "100%", sm: 380 }}
          />
          <Button
            type="submit"
            variant="default"
            mt={25}
            disabled={!changed}
            loading={change.isPending && dialog === null}
          >
            Save
          </Button>
        </Group>
      </form>
      <Group gap="xs">
        <Button variant="default" onClick={() => setDialog("rotate")}>
          Give it a new token…
        </Button>
        {off ? (
          <Button onClick={() => change.mutate({ disabled: false })} loading={change.isPending}>
            Switch it on again
          </Button>
        ) : (
          <Button variant="default" onClick={() => setDialog("disable")}>
            Switch it off…
          </Button>
        )}
      </Group>
      {change.error && dialog === null && <Notice tone="bad">{change.error.message}</Notice>}
      {dialog === "disable" && (
        <Modal {...DIALOG} opened onClose={() => setDialog(null)} title={`Switch ${source.name} off?`}>
          <Text size="sm">
            What it sends is refused from then on, and its silence raises no alarm: what it would show is not seen. It
            can be switched on again, with the same token.
          </Text>
          {change.error && (
            <Text size="sm" c="red.8" mt="xs" role="alert">
              {change.error.message}
            </Text>
          )}
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={() => setDialog(null)} data-autofocus>
              Leave it on
            </Button>
            <Button color="red.8" onClick={() => change.mutate({ disabled: true })} loading={change.isPending}>
              Switch it off
            </Button>
          </Group>
        </Modal>
      )}
      {dialog === "rotate" && (
        <NewToken
          name={source.name}
          does={async (body) => {
            const made = await ask(
              api.POST("/api/v1/sources/{id}/rotate", { params: { path: { id: source.id } }, body }),
            );
            void client.invalidateQueries({ queryKey: ["sources"] });
            return made.token;
          }}
          close={() => setDialog(null)}
        />
      )}
    </Stack>
  );
}
