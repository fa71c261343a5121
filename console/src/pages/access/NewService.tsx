/** A service is made: its name, what it may do where, for how long; then its token, once. */
import { Autocomplete, Button, Group, Modal, NumberInput, Select, Stack, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { sourcesQuery } from "../../api/queries";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Notice } from "../../ui/Notice";
import { TokenShown } from "../../ui/TokenShown";
import { FOR_SERVICES, roleWords } from "./words";

type Role = Schemas["NewService"]["role"];

export function NewService({ close }: { close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const sources = useQuery(sourcesQuery);
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("integration");
  const [program, setProgram] = useState("default");
  const [days, setDays] = useState<number | "">(90);
  const make = useMutation({
    mutationFn: (body: Schemas["NewService"]) => ask(api.POST("/api/v1/services", { body })),
    // The answer holds a secret: it is not kept beyond the dialog.
    gcTime: 0,
    onSuccess: () => void client.invalidateQueries({ queryKey: ["services"] }),
  });
  const programs = [...new Set(["default", "*", ...(sources.data?.items ?? []).map((source) => source.program)])];
  const right = name.trim() !== "" && program !== "" && days !== "";
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (days !== "") make.mutate({ name: name.trim(), role, program, days });
  };
  const made = make.data;
  return (
    <Modal
      opened
      onClose={close}
      size="lg"
      title="Make a service"
      {...DIALOG}
      // While a token is on the screen, a slip of the hand must not close it.
      closeOnClickOutside={!made}
      closeOnEscape={!made}
    >
      {made ? (
        <>
          <TokenShown
            token={made.token}
            name={made.service.name}
            gives={`do as ${roleWords(role).toLowerCase()} in ${program === "*" ? "all programs" : `program ${program}`} until it ends`}
          />
          <Group justify="flex-end">
            <Button onClick={close}>I have stored the token</Button>
          </Group>
        </>
      ) : (
        <form onSubmit={submit}>
          <Stack gap="sm">
            <TextInput
              label="Name of the service"
              value={name}
              onChange={(e) => setName(e.currentTarget.value)}
              maxLength={128}
              data-autofocus
            />
            <Select
              label="What it may do"
              data={FOR_SERVICES.map(([value, words]) => ({ value, label: `${roleWords(value)}: ${words}` }))}
              value={role}
              onChange={(value) => value && setRole(value)}
              allowDeselect={false}
            />
            <Autocomplete
              label="In which program ( * is all of them )"
              data={programs}
              value={program}
              onChange={(text) => setProgram(text.trim())}
            />
            <NumberInput
              label="For how many days its token is good"
              min={1}
              max={366}
              allowDecimal={false}
              allowNegative={false}
              value={days}
              onChange={(value) => setDays(typeof value === "number" && value > 0 ? value : "")}
            />
            {make.error && <Notice tone="bad">{make.error.message}</Notice>}
            <Group justify="flex-end">
              <Button variant="default" onClick={close}>
                Cancel
              </Button>
              <Button type="submit" disabled={!right} loading={make.isPending}>
                Make it and its token
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
