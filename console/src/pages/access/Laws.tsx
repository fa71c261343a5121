/** Policies: what each means, and its text. */
import { Accordion, Badge, Code, Group, Text } from "@mantine/core";
import type { Schemas } from "../../api/client";

export function Laws({ laws }: { laws: Schemas["Policy"][] }) {
  const sorted = [...laws].sort((a, b) => Number(b.forbids) - Number(a.forbids) || a.id.localeCompare(b.id));
  return (
    <Accordion variant="contained" chevronPosition="left" order={3}>
      {sorted.map((law) => (
        <Accordion.Item key={law.id} value={law.id}>
          <Accordion.Control>
            <Group gap="xs" wrap="nowrap" align="flex-start">
              <Badge variant="default" tt="none" style={{ flex: "none" }}>
                {law.forbids ? "forbids" : "allows"}
              </Badge>
              <div>
                <Text size="sm" className="rf-outside">
                  {law.says}
                </Text>
                <Text size="xs" c="dimmed" className="rf-outside">
                  {law.id}, {law.file} line {law.line}
                </Text>
              </div>
            </Group>
          </Accordion.Control>
          <Accordion.Panel>
            <Code block className="rf-outside" tabIndex={0}>
              {law.text}
            </Code>
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}
