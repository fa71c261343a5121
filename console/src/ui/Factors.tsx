/** What somebody proves themselves with. */
import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { IconDeviceMobile, IconFingerprint } from "@tabler/icons-react";
import type { Schemas } from "../api/client";
import { brief } from "../lib/format";
import { When } from "./When";
import { Rows } from "./Rows";

export type Factor = Schemas["Factor"];

const KINDS = {
  passkey: { word: "Passkey", icon: IconFingerprint },
  totp: { word: "One-time codes", icon: IconDeviceMobile },
} as const;

export const factorWord = (kind: Factor["kind"]): string => KINDS[kind].word;

export function Factors({ factors, remove }: { factors: Factor[]; remove?: (factor: Factor) => void }) {
  return (
    <Rows
      label="Passkeys and one-time codes"
      columns={["Name", "What", "Added", "Last used"]}
      acts={remove !== undefined}
      wide={520}
    >
      {factors.map((factor) => {
        const { word, icon: Icon } = KINDS[factor.kind];
        return (
          <Table.Tr key={factor.id}>
            <Table.Td miw={150}>
              <Group gap={6} wrap="nowrap">
                <Icon size={16} aria-hidden="true" style={{ flex: "none" }} />
                <Text size="sm" fw={600} className="rf-outside">
                  {brief(factor.name, 60)}
                </Text>
              </Group>
            </Table.Td>
            <Table.Td>
              <Group gap={6}>
                <Text size="sm">{word}</Text>
                {factor.synced === true && (
                  <Badge
                    variant="default"
                    tt="none"
                    size="sm"
                    title="The maker of the device copies it to other devices of its owner"
                  >
                    synced
                  </Badge>
                )}
              </Group>
            </Table.Td>
            <Table.Td>
              <When ms={factor.added_ms} />
            </Table.Td>
            <Table.Td>
              {factor.used_ms === null ? (
                <Text size="sm" c="dimmed">
                  not yet
                </Text>
              ) : (
                <When ms={factor.used_ms} />
              )}
            </Table.Td>
            {remove && (
              <Table.Td ta="right">
                <Button
                  variant="default"
                  size="compact-xs"
                  onClick={() => remove(factor)}
                  aria-label={`Remove ${factor.name}…`}
                >
                  Remove…
                </Button>
              </Table.Td>
            )}
          </Table.Tr>
        );
      })}
    </Rows>
  );
}
