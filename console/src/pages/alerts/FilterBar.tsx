/** What is listed: status, severity, words, and what else can be asked for; the address keeps it. */
import { Button, CloseButton, Drawer, Group, SegmentedControl, Select, Stack, Text, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconFilter, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, type Ref, useState } from "react";
import { alertsQuery } from "../../api/queries";
import { useSession } from "../../app/session";
import { compact, count } from "../../lib/format";
import { statusWord } from "../../ui/AlertStatus";
import { severityWord } from "../../ui/Severity";
import { MoreFilters, Pills } from "./MoreFilters";
import { STATUSES, type Status, type View, countFilters, toQuery } from "./filter";

export interface FilterProps {
  view: View;
  /** `typing`: one of many small steps, which are one step back. */
  set: (change: Partial<View>, typing?: boolean) => void;
}

export function FilterBar({
  narrow,
  views,
  field,
  ...props
}: FilterProps & { narrow: boolean; views: ReactNode; field: Ref<HTMLInputElement> }) {
  const [open, setOpen] = useState(false);
  const { view } = props;
  const filters = countFilters(view);
  if (narrow) {
    return (
      <>
        <Group gap="xs" mb="xs" wrap="nowrap">
          <Button
            variant="default"
            h={34}
            leftSection={<IconFilter size={16} aria-hidden="true" />}
            onClick={() => setOpen(true)}
            flex={1}
          >
            Filters{filters > 0 ? ` (${filters})` : ""}
          </Button>
          {views}
        </Group>
        <Drawer opened={open} onClose={() => setOpen(false)} position="bottom" size="auto" title="Filters">
          <Stack gap="md">
            <StatusButtons {...props} full />
            <SeverityChoice {...props} />
            <TextFilter {...props} field={null} />
            <MoreFilters {...props} inline />
            <OrderChoice {...props} full />
            <Button onClick={() => setOpen(false)}>Show the alerts</Button>
          </Stack>
        </Drawer>
      </>
    );
  }
  return (
    <Stack gap={6} mb="xs">
      <Group gap="xs" wrap="wrap">
        <StatusButtons {...props} />
        <SeverityChoice {...props} />
        <TextFilter {...props} field={field} />
        <MoreFilters {...props} />
        <OrderChoice {...props} />
      </Group>
      <Pills {...props} />
    </Stack>
  );
}

/** Counts that leave out the filter that they stand beside, so that they say what another choice would show. */
export function useFacets(view: View) {
  const me = useSession().name;
  const byStatus = useQuery(alertsQuery({ ...toQuery({ ...view, status: [], order: "newest" }, me), limit: 1 }));
  const bySeverity = useQuery(alertsQuery({ ...toQuery({ ...view, severity: 0, order: "newest" }, me), limit: 1 }));
  const severities = (bySeverity.data?.counts.by_severity ?? {}) as Record<string, number>;
  return { statuses: byStatus.data?.counts, severities };
}

function StatusButtons({ view, set, full = false }: FilterProps & { full?: boolean }) {
  const { statuses } = useFacets(view);
  const shown = view.status.length === 0 ? STATUSES : view.status;
  const toggle = (status: Status) => {
    const next = shown.includes(status) ? shown.filter((s) => s !== status) : [...shown, status];
    // Nothing chosen would show nothing: the last one stays.
    if (next.length > 0) set({ status: next.length === STATUSES.length ? [] : next });
  };
  return (
    <div role="group" aria-label="Status">
      <Button.Group>
        {STATUSES.map((status) => {
          const on = shown.includes(status);
          return (
            <Button
              key={status}
              size="xs"
              h={34}
              px="sm"
              variant={on ? "light" : "default"}
              aria-pressed={on}
              onClick={() => toggle(status)}
              fw={on ? 600 : 400}
              {...(full ? { flex: 1 } : {})}
            >
              {statusWord(status)}
              {statuses && (
                <Text span size="xs" ml={6} className="rf-num" inherit>
                  {compact(statuses[status])}
                </Text>
              )}
            </Button>
          );
        })}
      </Button.Group>
    </div>
  );
}

function SeverityChoice({ view, set }: FilterProps) {
  const { severities } = useFacets(view);
  const closed = view.status.length === 1 && view.status[0] === "closed";
  const above = (least: number) =>
    Object.entries(severities).reduce((sum, [id, n]) => sum + (Number(id) >= least ? n : 0), 0);
  // The server counts what is to do; closed ones have no counts by severity.
  const many = (least: number) => (closed ? "" : ` (${count(above(least))})`);
  const data = [
    { value: "0", label: "Any severity" },
    ...[2, 3, 4].map((id) => ({ value: String(id), label: `${severityWord(id)} and up${many(id)}` })),
    { value: "5", label: `Critical${many(5)}` },
  ];
  return (
    <Select
      aria-label="Severity at least"
      data={data}
      value={String(view.severity === 1 ? 0 : Math.min(view.severity, 5))}
      onChange={(value) => set({ severity: Number(value ?? 0) })}
      allowDeselect={false}
      size="sm"
      w={{ base: "100%", sm: 178 }}
      styles={{ input: { minHeight: 34, height: 34 } }}
    />
  );
}

function TextFilter({ view, set, field }: FilterProps & { field: Ref<HTMLInputElement> }) {
  // What is being typed runs ahead of the address.
  const [draft, setDraft] = useState<string>();
  const send = useDebouncedCallback((text: string) => set({ text: text.trim() }, true), 250);
  const shown = draft ?? view.text;
  return (
    <TextInput
      ref={field}
      aria-label="Only alerts with these words"
      aria-keyshortcuts="/"
      placeholder="Words, an agent, an address…"
      leftSection={<IconSearch size={15} aria-hidden="true" />}
      rightSection={
        shown !== "" && (
          <CloseButton
            size="sm"
            aria-label="Clear the words"
            onClick={() => {
              setDraft(undefined);
              set({ text: "" });
            }}
          />
        )
      }
      value={shown}
      maxLength={200}
      onChange={(event) => {
        setDraft(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
      onBlur={() => {
        if (draft !== undefined && draft.trim() !== view.text) set({ text: draft.trim() }, true);
        setDraft(undefined);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape" || event.key === "Enter") event.currentTarget.blur();
      }}
      flex={1}
      miw={180}
      styles={{ input: { minHeight: 34, height: 34 } }}
    />
  );
}

function OrderChoice({ view, set, full = false }: FilterProps & { full?: boolean }) {
  return (
    <SegmentedControl
      aria-label="Order"
      size="xs"
      fullWidth={full}
      data={[
        { value: "most_severe", label: "Most severe" },
        { value: "newest", label: "Newest" },
      ]}
      value={view.order}
      onChange={(value) => set({ order: value === "newest" ? "newest" : "most_severe" })}
    />
  );
}
