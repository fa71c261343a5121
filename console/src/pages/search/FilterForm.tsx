/** One condition: which field, how it compares, with what. Knows the values that the field has. */
import { Autocomplete, Button, Group, Select, Stack, TagsInput, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { count } from "../../lib/format";
import { opsOf, type Source, valuesSql, wrongWith } from "./build";
import { valuesOf } from "./buckets";
import { ALL_COLUMNS, COUNTED, columnOf, kindOf, shown } from "./columns";
import { useBeside } from "./run";
import { type Filter, needsNoValue, type Op } from "./state";
import { fromLocalInput, localInput, OP_WORDS } from "./words";

/** The list scrolls by itself, so that it can be walked by key. */
const LIST = { options: { maxHeight: 200, overflowY: "auto" } } as const;

export function FilterForm({
  filter,
  source,
  at,
  done,
  remove,
}: {
  filter?: Filter | undefined;
  /** The rows whose values are suggested; nothing until the main rows are there. */
  source: Source | undefined;
  at: number;
  done: (filter: Filter) => void;
  remove?: (() => void) | undefined;
}) {
  const [field, setField] = useState(filter?.field ?? "");
  const [op, setOp] = useState<Op>(filter?.op ?? "is");
  const [values, setValues] = useState<string[]>(filter?.values ?? []);
  const [typed, setTyped] = useState("");
  const [tried, setTried] = useState(false);
  const kind = kindOf(field);
  const ops = kind === undefined ? (["is"] as Op[]) : opsOf(field);
  const here = ops.includes(op) ? op : "is";
  const many = (here === "is" || here === "not") && (kind === "text" || kind === "number");
  const countable = kind !== undefined && many && (COUNTED.includes(field) || columnOf(field) === undefined);
  const known = useBeside(countable && source ? valuesSql(source, field, 50) : undefined, at, valuesOf);
  const counts = new Map(known.data?.values.map((v) => [shown(v.value), v.n]));
  counts.delete("");
  // What was typed and not yet confirmed counts as well.
  const all = many
    ? [...values, ...(typed.trim() === "" || values.includes(typed.trim()) ? [] : [typed.trim()])]
    : values.slice(0, 1);
  const made: Filter = { field, op: here, values: needsNoValue(here) ? [] : all };
  const wrong = field === "" ? "choose a field" : wrongWith(made);
  const one = values[0] ?? "";
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (wrong === undefined) done(made);
      }}
    >
      <Stack gap="xs">
        <Autocomplete
          label="Field"
          size="sm"
          placeholder="agent, src_ip, ocsf.sip.method…"
          data={[...ALL_COLUMNS]}
          value={field}
          onChange={(next) => {
            setField(next.trim());
            setValues([]);
            setTyped("");
          }}
          comboboxProps={{ withinPortal: false }}
          withScrollArea={false}
          styles={LIST}
          data-autofocus={filter === undefined ? true : undefined}
          maxLength={200}
          description={columnOf(field)?.help}
        />
        <Select
          label="How"
          size="sm"
          data={ops.map((value) => ({ value, label: OP_WORDS[value] }))}
          value={here}
          onChange={(next) => next && setOp(next)}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          withScrollArea={false}
          styles={LIST}
          disabled={kind === undefined}
        />
        {!needsNoValue(here) &&
          (many ? (
            <TagsInput
              label="Values"
              size="sm"
              placeholder={values.length === 0 ? "Type or choose" : undefined}
              description={here === "is" ? "Any of them; Enter adds one more" : "None of them; Enter adds one more"}
              data={[...counts.keys()]}
              value={values}
              onChange={setValues}
              searchValue={typed}
              onSearchChange={setTyped}
              renderOption={({ option }) => (
                <Group justify="space-between" wrap="nowrap" gap="sm" w="100%">
                  <Text size="sm" className="rf-clip rf-outside">
                    {option.value}
                  </Text>
                  <Text size="xs" c="dimmed" className="rf-num">
                    {count(counts.get(option.value) ?? 0)}
                  </Text>
                </Group>
              )}
              comboboxProps={{ withinPortal: false }}
              withScrollArea={false}
              styles={LIST}
              splitChars={[]}
              maxLength={1_000}
              data-autofocus={filter !== undefined ? true : undefined}
            />
          ) : (
            <TextInput
              label="Value"
              size="sm"
              type={kind === "time" ? "datetime-local" : kind === "date" ? "date" : "text"}
              {...(kind === "time" ? { step: 1 } : {})}
              inputMode={kind === "number" ? "numeric" : undefined}
              value={kind === "time" ? localInput(one === "" ? undefined : Date.parse(one)) : one}
              onChange={(event) => {
                const text = event.currentTarget.value;
                const ms = kind === "time" ? fromLocalInput(text) : undefined;
                setValues(kind === "time" ? (ms === undefined ? [] : [new Date(ms).toISOString()]) : [text]);
              }}
              description={kind === "text" ? "Upper and lower case are the same" : undefined}
              maxLength={1_000}
              data-autofocus={filter !== undefined ? true : undefined}
            />
          ))}
        {tried && wrong !== undefined && (
          <Text size="xs" c="red.8" role="alert">
            {wrong.charAt(0).toUpperCase() + wrong.slice(1)}.
          </Text>
        )}
        <Group justify="space-between" gap="xs">
          {remove ? (
            <Button size="xs" variant="subtle" color="red" onClick={remove}>
              Remove
            </Button>
          ) : (
            <span />
          )}
          <Button type="submit" size="xs">
            {filter ? "Change filter" : "Add filter"}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
