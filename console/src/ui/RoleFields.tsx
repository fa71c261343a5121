/** Which role, where, why and for how long. */
import { Autocomplete, NumberInput, Select, SimpleGrid, Stack, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { Schemas } from "../api/client";
import { sourcesQuery } from "../api/queries";
import { label } from "../lib/format";
import { FOR_PEOPLE, type PersonRole, mustEnd } from "../lib/roles";

/** A role as it is typed. */
export interface RoleDraft {
  role: PersonRole;
  program: string;
  why: string;
  days: number | "";
  /** In force only while they break the glass. */
  reserve: boolean;
}

export const DRAFT: RoleDraft = { role: "analyst", program: "*", why: "", days: "", reserve: false };

export const isWhole = (draft: RoleDraft): boolean =>
  draft.program.trim() !== "" && (draft.days !== "" || draft.reserve || !mustEnd(draft.role));

/** As the server takes it. */
export const roleOf = ({ role, program, why, days, reserve }: RoleDraft): Schemas["NewRole"] => ({
  role,
  program: program.trim(),
  why: why.trim(),
  ...(days === "" || reserve ? {} : { days }),
  ...(reserve ? { reserve } : {}),
});

export function RoleFields({
  draft,
  change,
  first = false,
  reserves = false,
  group = false,
}: {
  draft: RoleDraft;
  change: (draft: RoleDraft) => void;
  /** Whether typing begins here. */
  first?: boolean;
  /** Whether it may be given in reserve. */
  reserves?: boolean;
  /** It is for a group of the directory, which never administers and holds nothing for a time. */
  group?: boolean;
}) {
  const sources = useQuery(sourcesQuery);
  const programs = [...new Set(["*", "default", ...(sources.data?.items ?? []).map((source) => source.program)])];
  return (
    <Stack gap="xs">
      <Select
        label="Role"
        data={FOR_PEOPLE.filter(([role]) => !group || (role !== "administrator" && !mustEnd(role))).map(
          ([value, words]) => ({ value, label: `${label(value)}: ${words}` }),
        )}
        value={draft.role}
        onChange={(role) => role && change({ ...draft, role })}
        allowDeselect={false}
        {...(first ? { "data-autofocus": true } : {})}
      />
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" verticalSpacing="xs">
        <Autocomplete
          label="In which program ( * is all )"
          data={programs}
          value={draft.program}
          onChange={(program) => change({ ...draft, program })}
          maxLength={128}
        />
        {!group && (
          <NumberInput
            label="For how many days"
            placeholder={mustEnd(draft.role) ? "has to end" : "without an end"}
            min={1}
            max={3_650}
            allowDecimal={false}
            allowNegative={false}
            disabled={draft.reserve}
            value={draft.days}
            onChange={(value) => change({ ...draft, days: typeof value === "number" && value > 0 ? value : "" })}
          />
        )}
      </SimpleGrid>
      <TextInput
        label="Why"
        placeholder="Kept with the role, for whoever reviews it"
        value={draft.why}
        onChange={(e) => change({ ...draft, why: e.currentTarget.value })}
        maxLength={500}
      />
      {reserves && (
        <Switch
          label="In reserve"
          description="It lets them do nothing until they break the glass, for a short time, with an alarm and a review."
          checked={draft.reserve}
          onChange={(e) => change({ ...draft, reserve: e.currentTarget.checked })}
        />
      )}
    </Stack>
  );
}
