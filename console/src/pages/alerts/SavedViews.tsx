/** Filters under a name, to come back to. */
import { ActionIcon, Button, Divider, Group, Popover, Stack, Text, TextInput, UnstyledButton } from "@mantine/core";
import { IconBookmark, IconCheck, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { type SubmitEvent, useRef, useState } from "react";
import { api, ask } from "../../api/client";
import { savedQuery } from "../../api/queries";
import { Asked, Loading } from "../../ui/States";
import { type AlertSearch, sameView, searchOf } from "./filter";
import { sayProblem } from "./problem";

/** Views that everybody has. */
const OWN: { name: string; search: AlertSearch }[] = [
  { name: "To do", search: {} },
  { name: "Mine", search: { assignee: "me" } },
  { name: "Nobody's, high and up", search: { assignee: "nobody", severity: "high" } },
  { name: "Closed lately", search: { status: "closed", order: "newest" } },
];

export function SavedViews({ search, go }: { search: AlertSearch; go: (search: AlertSearch) => void }) {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const client = useQueryClient();
  const query = useQuery({ ...savedQuery("alerts"), enabled: open });
  const again = () => client.invalidateQueries({ queryKey: savedQuery("alerts").queryKey });
  const save = useMutation({
    mutationFn: (called: string) =>
      ask(
        api.POST("/api/v1/saved", {
          body: { kind: "alerts", name: called, content: searchOf(search) as Record<string, never> },
        }),
      ),
    onSuccess: () => {
      setName("");
      return again();
    },
  });
  const forget = useMutation({
    mutationFn: (id: string) => ask(api.DELETE("/api/v1/saved/{id}", { params: { path: { id } } })),
    onSuccess: () => {
      // The button that had the focus goes away with its view.
      field.current?.focus();
      return again();
    },
  });
  const saved = query.data?.items ?? [];
  const here = [...OWN, ...saved.map((s) => ({ name: s.name, search: searchOf(s.content) }))].find((v) =>
    sameView(v.search, search),
  );
  const take = (to: AlertSearch) => {
    setOpen(false);
    go(to);
  };
  const error = save.error ?? forget.error;
  return (
    <Popover opened={open} onChange={setOpen} position="bottom-end" width={300} trapFocus returnFocus shadow="md">
      <Popover.Target>
        <Button
          variant="default"
          size="sm"
          h={34}
          maw={220}
          leftSection={<IconBookmark size={16} aria-hidden="true" />}
          onClick={() => setOpen(!open)}
        >
          <span className="rf-clip rf-outside">{here ? here.name : "Views"}</span>
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="Views">
        <Stack gap={2}>
          {OWN.map((view) => (
            <Choice key={view.name} name={view.name} here={view === here} take={() => take(view.search)} />
          ))}
          <Divider my={6} label="Saved" labelPosition="left" />
          <Asked
            query={query}
            loading={<Loading rows={2} height={28} />}
            empty={(data) =>
              data.items.length === 0 && (
                <Text size="sm" c="dimmed" px={8}>
                  None yet. Set the filters, then save them under a name.
                </Text>
              )
            }
          >
            {(data) =>
              data.items.map((item) => (
                <Group key={item.id} gap={4} wrap="nowrap">
                  <Choice
                    name={item.name}
                    here={sameView(searchOf(item.content), search)}
                    take={() => take(searchOf(item.content))}
                  />
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Forget the view ${item.name}`}
                    onClick={() => forget.mutate(item.id)}
                  >
                    <IconTrash size={15} />
                  </ActionIcon>
                </Group>
              ))
            }
          </Asked>
          <Divider my={6} />
          <form
            onSubmit={(event: SubmitEvent) => {
              event.preventDefault();
              if (name.trim() !== "") save.mutate(name.trim());
            }}
          >
            <Group gap={6} wrap="nowrap" align="flex-end">
              <TextInput
                ref={field}
                label="Save these filters as"
                placeholder="A name"
                value={name}
                onChange={(event) => setName(event.currentTarget.value)}
                maxLength={80}
                flex={1}
              />
              <Button type="submit" variant="default" loading={save.isPending} disabled={name.trim() === ""}>
                Save
              </Button>
            </Group>
          </form>
          {saved.some((s) => s.name === name.trim()) && (
            <Text size="xs" c="dimmed">
              It replaces the view of that name.
            </Text>
          )}
          {error && (
            <Text size="xs" c="red.7" role="alert">
              {sayProblem(error)}
            </Text>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function Choice({ name, here, take }: { name: string; here: boolean; take: () => void }) {
  return (
    <UnstyledButton
      onClick={take}
      aria-current={here || undefined}
      px={8}
      py={5}
      className="rf-row"
      style={{ borderRadius: 6, flex: 1, minWidth: 0 }}
    >
      <Group gap={6} wrap="nowrap">
        <Text size="sm" fw={here ? 600 : 400} className="rf-clip rf-outside" flex={1}>
          {name}
        </Text>
        {here && <IconCheck size={15} aria-hidden="true" />}
      </Group>
    </UnstyledButton>
  );
}
