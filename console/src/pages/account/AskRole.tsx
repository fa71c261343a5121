/** A role is asked for: which, where, why and for how long. */
import {
  Autocomplete,
  Button,
  Group,
  Modal,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
} from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { requestsQuery } from "../../api/queries";
import { label } from "../../lib/format";
import { FOR_PEOPLE, type PersonRole } from "../../lib/roles";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Wrong } from "../../ui/Wrong";

export function AskRole({ close }: { close: () => void }) {
  useReturnFocus();
  const client = useQueryClient();
  const most = useQuery(requestsQuery).data?.most_minutes ?? 60;
  const [role, setRole] = useState<PersonRole>("analyst");
  const [program, setProgram] = useState("*");
  const [why, setWhy] = useState("");
  const [minutes, setMinutes] = useState<number | "">(60);
  const asking = useMutation({
    mutationFn: (body: Schemas["NewRoleRequest"]) => ask(api.POST("/api/v1/access/requests", { body })),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: requestsQuery.queryKey });
      close();
    },
  });
  return (
    <Modal {...DIALOG} opened onClose={close} size="lg" title="Ask for a role">
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          if (minutes !== "") asking.mutate({ role, program: program.trim(), why: why.trim(), minutes });
        }}
      >
        <Stack gap="xs">
          <Select
            label="Role"
            data={FOR_PEOPLE.map(([value, words]) => ({ value, label: `${label(value)}: ${words}` }))}
            value={role}
            onChange={(role) => role && setRole(role)}
            allowDeselect={false}
            data-autofocus
          />
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" verticalSpacing="xs">
            <Autocomplete
              label="In which program ( * is all )"
              data={["*", "default"]}
              value={program}
              onChange={setProgram}
              maxLength={128}
            />
            <NumberInput
              label={`For how many minutes, at most ${most}`}
              min={5}
              max={most}
              allowDecimal={false}
              allowNegative={false}
              value={minutes}
              onChange={(value) => setMinutes(typeof value === "number" ? value : "")}
            />
          </SimpleGrid>
          <Textarea
            label="Why"
            placeholder="For whoever answers; it is kept"
            value={why}
            onChange={(e) => setWhy(e.currentTarget.value)}
            maxLength={500}
            autosize
            minRows={2}
            maxRows={6}
          />
          <Text size="xs" c="dimmed">
            Another person answers. Without an answer it lapses in a day; what is granted ends by itself.
          </Text>
          <Wrong error={asking.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              type="submit"
              disabled={why.trim() === "" || program.trim() === "" || minutes === ""}
              loading={asking.isPending}
            >
              Ask
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
