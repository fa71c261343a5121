/** The filters that are needed less often, behind one button; those that are set stand as pills. */
import { Autocomplete, Button, Group, Pill, Popover, Select, Stack, TextInput } from "@mantine/core";
import { IconFilterPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { rulesQuery } from "../../api/queries";
import { useSession } from "../../app/session";
import { kindWord } from "../../ui/StoryEntity";
import type { FilterProps } from "./FilterBar";
import { personOf } from "./filter";
import { useNames } from "./names";

const KINDS = ["agent", "customer", "call", "caller", "src_ip", "dst_ip", "device", "source", "site", "rule"];

export function MoreFilters({ inline = false, ...props }: FilterProps & { inline?: boolean }) {
  const [open, setOpen] = useState(false);
  if (inline) return <Fields {...props} />;
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={320} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button
          variant="default"
          h={34}
          px="sm"
          leftSection={<IconFilterPlus size={16} aria-hidden="true" />}
          onClick={() => setOpen(!open)}
        >
          Filter
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="More filters">
        <Fields {...props} />
      </Popover.Dropdown>
    </Popover>
  );
}

function Fields({ view, set }: FilterProps) {
  const known = useNames();
  const rules = useQuery(rulesQuery);
  const [kind, setKind] = useState(view.entity?.kind ?? "");
  const [value, setValue] = useState(view.entity?.value ?? "");
  const [program, setProgram] = useState(view.program);
  const me = useSession().name;
  const who = view.assignee.startsWith("=") ? view.assignee.slice(1) : view.assignee;
  const [assignee, setAssignee] = useState(who === "me" ? me : who === "nobody" ? "" : who);
  const entity = (nextKind: string, nextValue: string) =>
    set({ entity: nextValue.trim() === "" ? undefined : { kind: nextKind, value: nextValue.trim() } });
  const choices = (rules.data?.items ?? []).flatMap((rule) => {
    const id = rule.id ?? rule.name;
    return id ? [{ value: id, label: rule.title }] : [];
  });
  choices.sort((a, b) => a.label.localeCompare(b.label));
  // A rule that is gone still has alerts.
  const listed = view.rule === "" || choices.some((c) => c.value === view.rule);
  const unique = new Map(
    (listed ? choices : [{ value: view.rule, label: view.rule }, ...choices]).map((c) => [c.value, c]),
  );
  return (
    <Stack gap="sm">
      <Group gap="xs" wrap="nowrap" align="flex-end">
        <Select
          label="About"
          data={[{ value: "", label: "anything" }, ...KINDS.map((k) => ({ value: k, label: k.replaceAll("_", " ") }))]}
          value={kind}
          onChange={(next) => {
            setKind(next ?? "");
            entity(next ?? "", value);
          }}
          allowDeselect={false}
          comboboxProps={{ withinPortal: false }}
          w={130}
        />
        <TextInput
          aria-label="Which one, exactly"
          placeholder="A4053, 203.0.113.9…"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          onBlur={() => entity(kind, value)}
          onKeyDown={(event) => event.key === "Enter" && entity(kind, value)}
          maxLength={256}
          flex={1}
        />
      </Group>
      <Select
        label="Found by the rule"
        placeholder="Any rule"
        data={[...unique.values()]}
        value={view.rule === "" ? null : view.rule}
        onChange={(rule) => set({ rule: rule ?? "" })}
        searchable
        clearable
        limit={50}
        comboboxProps={{ withinPortal: false }}
        nothingFoundMessage={rules.error ? "The rules did not load" : "No such rule"}
      />
      <Autocomplete
        label="Program"
        placeholder="Any program"
        data={known.programs}
        value={program}
        onChange={setProgram}
        onOptionSubmit={(next) => set({ program: next })}
        onBlur={() => program.trim() !== view.program && set({ program: program.trim() })}
        onKeyDown={(event) => event.key === "Enter" && set({ program: program.trim() })}
        comboboxProps={{ withinPortal: false }}
        maxLength={128}
      />
      <Stack gap={6}>
        <Autocomplete
          label="Assigned to"
          placeholder="Anybody"
          data={[...new Set([me, ...known.assignees])].sort()}
          value={assignee}
          onChange={setAssignee}
          onOptionSubmit={(next) => set({ assignee: next === me ? "me" : personOf(next) })}
          onKeyDown={(event) => {
            const name = assignee.trim();
            if (event.key === "Enter") set({ assignee: name === "" ? "" : name === me ? "me" : personOf(name) });
          }}
          comboboxProps={{ withinPortal: false }}
          maxLength={128}
        />
        <Group gap={6}>
          {[
            ["", "Anybody"],
            ["me", "Me"],
            ["nobody", "Nobody"],
          ].map(([value = "", label]) => (
            <Button
              key={value}
              size="compact-xs"
              variant={view.assignee === value ? "light" : "default"}
              aria-pressed={view.assignee === value}
              onClick={() => {
                setAssignee(value === "me" ? me : "");
                set({ assignee: value });
              }}
            >
              {label}
            </Button>
          ))}
        </Group>
      </Stack>
    </Stack>
  );
}

/** The set ones, each with a way to take it off. */
export function Pills({ view, set }: FilterProps) {
  const rules = useQuery({ ...rulesQuery, enabled: view.rule !== "" });
  const title = rules.data?.items.find((rule) => (rule.id ?? rule.name) === view.rule)?.title;
  const who = { me: "me", nobody: "nobody" }[view.assignee] ?? view.assignee.slice(1);
  const pills = [
    view.entity && {
      text: `about ${view.entity.kind === "" ? "" : `${kindWord(view.entity.kind)} `}${view.entity.value}`,
      off: () => set({ entity: undefined }),
    },
    view.rule !== "" && { text: `rule: ${title ?? view.rule}`, off: () => set({ rule: "" }) },
    view.program !== "" && { text: `program ${view.program}`, off: () => set({ program: "" }) },
    view.assignee !== "" && { text: `assigned to ${who}`, off: () => set({ assignee: "" }) },
  ].filter((pill) => pill !== undefined && pill !== false);
  if (pills.length === 0) return null;
  return (
    <Pill.Group aria-label="Filters that are set">
      {pills.map(({ text, off }) => (
        <Pill
          key={text}
          withRemoveButton
          onRemove={off}
          removeButtonProps={{ "aria-label": `Without: ${text}`, "aria-hidden": false, tabIndex: 0 }}
          maw="100%"
        >
          <bdi>{text}</bdi>
        </Pill>
      ))}
    </Pill.Group>
  );
}
