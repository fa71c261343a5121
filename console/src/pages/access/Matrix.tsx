/** Each action and the roles that it is for, by the policies in force. */
import { Paper, Table, Text } from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import type { Schemas } from "../../api/client";
import classes from "./Matrix.module.css";
import { roleWords } from "./words";

export function Matrix({ actions }: { actions: Schemas["Policies"]["actions"] }) {
  const roles = ROLES.filter((role) => actions.some((action) => action.roles.includes(role)));
  return (
    <>
      <Paper style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label="Actions and roles">
        <Table fz="xs" horizontalSpacing={6} verticalSpacing={4} className={classes["matrix"] ?? ""}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">May…</Table.Th>
              {roles.map((role) => (
                <Table.Th key={role} scope="col" ta="center">
                  {roleWords(role)}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {actions.map(({ action, words, roles: may }) => (
              <Table.Tr key={action}>
                <Table.Th scope="row" fw={500} title={action}>
                  {words}
                </Table.Th>
                {roles.map((role) => (
                  <Table.Td key={role} ta="center">
                    {may.includes(role) ? (
                      <IconCheck size={16} role="img" aria-label="yes" />
                    ) : (
                      <span aria-label="no" role="img">
                        ·
                      </span>
                    )}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
      <Text size="xs" c="dimmed" mt={4}>
        With nothing else in the way: in the role&apos;s program, with a second factor, on a call. Policies below say
        what can stand in the way.
      </Text>
    </>
  );
}

const ROLES = [
  "agent",
  "supervisor",
  "quality_reviewer",
  "analyst",
  "telephony_engineer",
  "privacy_officer",
  "auditor",
  "administrator",
  "integration",
  "automation",
] as const;
