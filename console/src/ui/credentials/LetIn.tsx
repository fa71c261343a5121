/** Whether a token alone lets a source or a service in, and by which certificates of others a source is known. */
import { Button, Group, Select, Stack, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import type { Schemas } from "../../api/client";
import { Wrong } from "../Wrong";

type Use = Schemas["Service"]["certificate"];

const USES: { value: Use; label: string }[] = [
  { value: "accepted", label: "its token, or a certificate" },
  { value: "required", label: "a certificate; its token alone is refused" },
];

export interface LetIn {
  certificate: Use;
  certificate_names?: string[];
}

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

export function LetInBy({
  certificate,
  names,
  does,
}: {
  certificate: Use;
  /** By which certificates it is known; services are known by those of this server alone. */
  names?: string[];
  does: (letIn: LetIn) => Promise<unknown>;
}) {
  const [use, setUse] = useState(certificate);
  const [text, setText] = useState((names ?? []).join("\n"));
  const save = useMutation({ mutationFn: does });
  const changed = use !== certificate || (names !== undefined && lines(text).join("\n") !== names.join("\n"));
  return (
    <form
      onSubmit={(event: SyntheticEvent) => {
        event.preventDefault();
        save.mutate({ certificate: use, ...(names === undefined ? {} : { certificate_names: lines(text) }) });
      }}
    >
      <Stack gap="xs" align="flex-start">
        <Select
          label="It is let in by"
          data={USES}
          value={use}
          onChange={(value) => value && setUse(value)}
          allowDeselect={false}
          w={{ base: "100%", sm: 380 }}
        />
        {names !== undefined && (
          <Textarea
            label="Certificates of your own authority that are its, one a line"
            description="sha-256:…, dns:… or uri:…; the authority is the client_ca of the configuration."
            inputWrapperOrder={["label", "input", "description"]}
            placeholder="dns:crm.example.org"
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            autosize
            minRows={1}
            maxRows={6}
            spellCheck={false}
            w={{ base: "100%", sm: 380 }}
          />
        )}
        <Wrong error={save.error} />
        <Group>
          <Button type="submit" variant="default" disabled={!changed} loading={save.isPending}>
            Save how it is let in
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
