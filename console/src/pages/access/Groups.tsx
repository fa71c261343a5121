/** Groups of the directory: who is in them it says, what they may do is said here. */
import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { groupsQuery } from "../../api/queries";
import { useMay } from "../../app/session";
import { Fresh } from "../../app/SignInAgain";
import { brief, plural } from "../../lib/format";
import { type HeldRole, heldWords } from "../../lib/roles";
import { Ask } from "../../ui/Ask";
import { FormDialog } from "../../ui/FormDialog";
import { DRAFT, RoleFields, isWhole, roleOf } from "../../ui/RoleFields";
import { Rows } from "../../ui/Rows";
import { Asked, Empty, Loading } from "../../ui/States";

type DirectoryGroup = Schemas["Group"];

export function Groups() {
  const query = useQuery(groupsQuery);
  const client = useQueryClient();
  const gives = useMay("role:assign");
  const [giving, setGiving] = useState<DirectoryGroup>();
  const [taking, setTaking] = useState<{ group: DirectoryGroup; held: HeldRole }>();
  return (
    <Asked
      query={query}
      loading={<Loading rows={2} />}
      empty={({ items }) =>
        items.length === 0 && (
          <Empty title="No directory has made a group">
            Make a service with the role of a provisioner, and give its token to Okta, Entra ID or another directory
            that speaks SCIM 2.0.
          </Empty>
        )
      }
    >
      {({ items }) => (
        <>
          <Rows
            label="Groups of the directory"
            columns={["Group", "People", "Each of them may"]}
            acts={gives}
            wide={560}
          >
            {items.map((group) => (
              <Table.Tr key={group.id}>
                <Table.Td>
                  <Text size="sm" fw={600} className="rf-outside">
                    {brief(group.name, 60)}
                  </Text>
                </Table.Td>
                <Table.Td>{group.members}</Table.Td>
                <Table.Td>
                  {group.roles.length === 0 && (
                    <Text size="sm" c="dimmed">
                      nothing by this group
                    </Text>
                  )}
                  {group.roles.map((held) => (
                    <Group key={held.id} gap="xs" wrap="nowrap">
                      <Badge variant="default" tt="none" miw="max-content" title={held.why}>
                        {heldWords(held)}
                      </Badge>
                      {gives && (
                        <Button
                          variant="subtle"
                          size="compact-xs"
                          onClick={() => setTaking({ group, held })}
                          aria-label={`Take ${heldWords(held)} from ${group.name}…`}
                        >
                          Take…
                        </Button>
                      )}
                    </Group>
                  ))}
                </Table.Td>
                {gives && (
                  <Table.Td ta="right">
                    <Button
                      variant="default"
                      size="compact-xs"
                      onClick={() => setGiving(group)}
                      aria-label={`Give a role to ${group.name}…`}
                    >
                      Give a role…
                    </Button>
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Rows>
          {giving && (
            <Fresh close={() => setGiving(undefined)}>
              <Give group={giving} close={() => setGiving(undefined)} />
            </Fresh>
          )}
          {taking && (
            <Fresh close={() => setTaking(undefined)}>
              <Ask
                title={`Take ${heldWords(taking.held)} from ${brief(taking.group.name)}?`}
                act="Take it"
                does={async () => {
                  const path = { id: taking.group.id, role: taking.held.id };
                  await ask(api.DELETE("/api/v1/groups/{id}/roles/{role}", { params: { path } }));
                  await client.invalidateQueries({ queryKey: groupsQuery.queryKey });
                }}
                close={() => setTaking(undefined)}
              >
                {plural(taking.group.members, "person loses", "people lose")} it with the next request, unless they hold
                it by name.
              </Ask>
            </Fresh>
          )}
        </>
      )}
    </Asked>
  );
}

function Give({ group, close }: { group: DirectoryGroup; close: () => void }) {
  const client = useQueryClient();
  const [draft, setDraft] = useState(DRAFT);
  return (
    <FormDialog
      title={`Give all of ${brief(group.name)} a role`}
      size="lg"
      act="Give it"
      right={isWhole(draft)}
      does={async () => {
        await ask(api.POST("/api/v1/groups/{id}/roles", { params: { path: { id: group.id } }, body: roleOf(draft) }));
        void client.invalidateQueries({ queryKey: groupsQuery.queryKey });
      }}
      close={close}
    >
      <RoleFields draft={draft} change={setDraft} first group />
      <Text size="xs" c="dimmed">
        Whoever is in the group has it from the next request on, and whoever joins later, too. The directory decides who
        that is.
      </Text>
    </FormDialog>
  );
}
