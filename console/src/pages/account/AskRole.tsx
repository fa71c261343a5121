/** A role is asked for: which, where, why and for how long. */
import { Autocomplete, NumberInput, Select, SimpleGrid, Text, Textarea } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../api/client";
import { requestsQuery } from "../../api/queries";
import { label } from "../../lib/format";
import { FOR_PEOPLE, type PersonRole } from "../../lib/roles";
import { FormDialog } from "../../ui/FormDialog";

export function AskRole({ close }: { close: () => void }) {
  const client = useQueryClient();
  const most = useQuery(requestsQuery).data?.most_minutes ?? 60;
  const [role, setRole] = useState<PersonRole>("analyst");
  const [program, setProgram] = useState("*");
  const [why, setWhy] = useState("");
  const [minutes, setMinutes] = useState<number | "">(60);
  return (
    <FormDialog
      title="Ask for a role"
      size="lg"
      act="Ask"
      right={why.trim() !== "" && program.trim() !== "" && minutes !== ""}
      does={async () => {
        const body = { role, program: program.trim(), why: why.trim(), minutes: minutes === "" ? most : minutes };
        await ask(api.POST("/api/v1/access/requests", { body }));
        void client.invalidateQueries({ queryKey: requestsQuery.queryKey });
      }}
      close={close}
    >
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
    </FormDialog>
  );
}
