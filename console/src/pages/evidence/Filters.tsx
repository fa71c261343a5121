/** Which entries are listed; the address keeps it. */
import { Button, Group, Select } from "@mantine/core";
import { useState } from "react";
import { RangePicker } from "../search/RangePicker";
import { type Params, isFiltered, kindChoices, rangeOf, rangeParams } from "./model";
import type { Names } from "./names";

export function Filters({
  params,
  names,
  at,
  show,
}: {
  params: Params;
  names: Names;
  /** When the page asked. */
  at: number;
  show: (change: { [K in keyof Params]: Params[K] | undefined }) => void;
}) {
  return (
    <Group gap="xs" mb="xs">
      <Whom
        label="Who did it"
        placeholder="By anybody"
        names={names}
        value={params.actor}
        onChange={(actor) => show({ actor })}
      />
      <Whom
        label="To whom or what"
        placeholder="To anybody"
        names={names}
        value={params.target}
        onChange={(target) => show({ target })}
      />
      <Select
        size="sm"
        w={{ base: "100%", xs: 160 }}
        aria-label="Of which kind"
        placeholder="Of any kind"
        data={kindChoices(params.kind)}
        value={params.kind ?? null}
        onChange={(kind) => show({ kind: kind ?? undefined })}
        clearable
        clearButtonProps={{ "aria-label": "Of any kind" }}
      />
      <RangePicker range={rangeOf(params)} at={at} onChange={(range) => show(rangeParams(range))} />
      {isFiltered(params) && (
        <Button
          variant="subtle"
          size="sm"
          onClick={() =>
            show({
              actor: undefined,
              target: undefined,
              kind: undefined,
              last: undefined,
              from: undefined,
              to: undefined,
            })
          }
        >
          Show all of them
        </Button>
      )}
    </Group>
  );
}

/** Somebody with an account or a token, or any id that a record may have, as it is written there. */
function Whom({
  label,
  placeholder,
  names,
  value,
  onChange,
}: {
  label: string;
  placeholder: string;
  names: Names;
  value: string | undefined;
  onChange: (id: string | undefined) => void;
}) {
  const [typed, setTyped] = useState("");
  const known = new Set(names.values());
  const others = [value, typed.trim()].filter(
    (text) => text !== undefined && text !== "" && !names.has(text) && !known.has(text),
  );
  const data = [...names, ...[...new Set(others)].map((text) => [text ?? "", text ?? ""] as const)];
  return (
    <Select
      size="sm"
      w={{ base: "100%", xs: 220 }}
      aria-label={label}
      placeholder={placeholder}
      data={data.map(([id, name]) => ({ value: id, label: name }))}
      value={value ?? null}
      onChange={(id) => onChange(id ?? undefined)}
      searchable
      onSearchChange={setTyped}
      clearable
      clearButtonProps={{ "aria-label": placeholder }}
    />
  );
}
