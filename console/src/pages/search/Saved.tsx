/** Searches under a name, for all who come back to them. */
import { ActionIcon, Button, Group, Menu, Modal, Text, TextInput } from "@mantine/core";
import { IconBookmark, IconDeviceFloppy, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Problem, type Schemas, api, ask } from "../../api/client";
import { savedQuery } from "../../api/queries";
import { When } from "../../ui/When";
import { kept, parse, restored, type State } from "./state";

const LIST = savedQuery("query");

const said = (error: unknown): string =>
  error instanceof Problem ? error.detail || error.title : "This did not work.";

export function Saved({ state, open }: { state: State; open: (state: State) => void }) {
  const list = useQuery(LIST);
  const [naming, setNaming] = useState(false);
  const [gone, setGone] = useState<Schemas["Saved"] | null>(null);
  const items = [...(list.data?.items ?? [])].sort((a, b) => a.name.localeCompare(b.name));
  return (
    <>
      <Menu position="bottom-end" width={320} withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" size="sm" leftSection={<IconBookmark size={16} aria-hidden="true" />}>
            Saved
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconDeviceFloppy size={16} />} onClick={() => setNaming(true)}>
            Save this search…
          </Menu.Item>
          <Menu.Divider />
          {list.isPending && <Menu.Label>Loading…</Menu.Label>}
          {list.error && <Menu.Label>{said(list.error)}</Menu.Label>}
          {list.data && items.length === 0 && <Menu.Label>Nothing is saved yet.</Menu.Label>}
          <div style={{ maxHeight: "50dvh", overflowY: "auto" }}>
            {items.map((item) => (
              <Group key={item.id} gap={2} wrap="nowrap">
                <Menu.Item onClick={() => open(parse(restored(item.content)))} style={{ minWidth: 0 }}>
                  <Text size="sm" className="rf-clip rf-outside">
                    {item.name}
                  </Text>
                  <Text size="xs" c="dimmed" className="rf-clip">
                    <When ms={item.created_ms} />
                  </Text>
                </Menu.Item>
                <Menu.Item w="auto" p={0} onClick={() => setGone(item)} aria-label={`Delete ${item.name}`}>
                  <ActionIcon component="span" variant="subtle" color="gray">
                    <IconTrash size={15} />
                  </ActionIcon>
                </Menu.Item>
              </Group>
            ))}
          </div>
        </Menu.Dropdown>
      </Menu>
      {naming && <Name state={state} names={items.map((i) => i.name)} close={() => setNaming(false)} />}
      {gone && <Remove item={gone} close={() => setGone(null)} />}
    </>
  );
}

function Name({ state, names, close }: { state: State; names: string[]; close: () => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const wanted = name.trim();
  const save = useMutation({
    mutationFn: () =>
      ask(
        api.POST("/api/v1/saved", {
          body: { kind: "query", name: wanted, content: kept(state) as Record<string, never> },
        }),
      ),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: LIST.queryKey });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title="Save this search" size="sm">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted !== "") save.mutate();
        }}
      >
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          maxLength={80}
          data-autofocus
          error={save.error ? said(save.error) : undefined}
          description={
            names.includes(wanted)
              ? "There is one of this name: it will be replaced."
              : state.mode === "simple" && "last" in state.range
                ? "The time stays relative: it is counted from when the search is opened."
                : "Times stay as they are."
          }
        />
        <Group justify="flex-end" gap="xs" mt="md">
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" loading={save.isPending} disabled={wanted === ""}>
            {names.includes(wanted) ? "Replace" : "Save"}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}

function Remove({ item, close }: { item: Schemas["Saved"]; close: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => ask(api.DELETE("/api/v1/saved/{id}", { params: { path: { id: item.id } } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: LIST.queryKey });
      close();
    },
  });
  return (
    <Modal opened onClose={close} title="Delete this search?" size="sm">
      <Text size="sm" className="rf-outside">
        “{item.name}” is deleted. Events are not touched.
      </Text>
      {remove.error && (
        <Text size="sm" c="red.8" role="alert" mt="xs">
          {said(remove.error)}
        </Text>
      )}
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={close} data-autofocus>
          Keep it
        </Button>
        <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
          Delete
        </Button>
      </Group>
    </Modal>
  );
}
