/** Accounts of somebody at providers of sign-in. */
import { Button, Group, Paper, Table, Text } from "@mantine/core";
import { IconLink } from "@tabler/icons-react";
import type { Schemas } from "../api/client";
import { brief } from "../lib/format";
import { HIDDEN } from "./Severity";
import { When } from "./When";

export type Link = Schemas["Link"];

/** A provider as people call it, where that is known; else by its address. */
export const providerName = (issuer: string, providers: Schemas["Provider"][] = []): string =>
  brief(providers.find((known) => known.issuer === issuer)?.label ?? issuer, 60);

interface Props {
  links: Link[];
  providers?: Schemas["Provider"][];
  remove?: (link: Link) => void;
}

export function Links({ links, providers, remove }: Props) {
  return (
    <Paper pos="relative" style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label="Linked accounts" mt="xs">
      <Table horizontalSpacing={8} miw={520}>
        <Table.Thead style={{ whiteSpace: "nowrap" }}>
          <Table.Tr>
            <Table.Th>Linked account</Table.Th>
            <Table.Th>There they are</Table.Th>
            <Table.Th>Linked</Table.Th>
            <Table.Th>Last used</Table.Th>
            {remove && (
              <Table.Th>
                <span style={HIDDEN}>What can be done</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {links.map((link) => (
            <Table.Tr key={link.id}>
              <Table.Td miw={150}>
                <Group gap={6} wrap="nowrap">
                  <IconLink size={16} aria-hidden="true" style={{ flex: "none" }} />
                  <Text size="sm" fw={600} className="rf-outside">
                    {providerName(link.issuer, providers)}
                  </Text>
                </Group>
              </Table.Td>
              <Table.Td>
                <Text size="sm" className="rf-outside">
                  {brief(link.subject, 60)}
                </Text>
              </Table.Td>
              <Table.Td>
                <When ms={link.linked_ms} />
              </Table.Td>
              <Table.Td>
                {link.used_ms === null ? (
                  <Text size="sm" c="dimmed">
                    not yet
                  </Text>
                ) : (
                  <When ms={link.used_ms} />
                )}
              </Table.Td>
              {remove && (
                <Table.Td ta="right">
                  <Button
                    variant="default"
                    size="compact-xs"
                    onClick={() => remove(link)}
                    aria-label={`Unlink ${providerName(link.issuer, providers)}…`}
                  >
                    Unlink…
                  </Button>
                </Table.Td>
              )}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Paper>
  );
}
