/** What is recorded about whoever looks. */
import { Badge, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { recordedQuery } from "../../api/queries";
import { brief, label, plural } from "../../lib/format";
import { Rows } from "../../ui/Rows";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";

const SHOWN = 50;

export function Recorded() {
  const query = useQuery(recordedQuery);
  return (
    <Asked query={query} loading={<Loading rows={4} />}>
      {({ items, as_agent, days }) => (
        <>
          {as_agent.length > 0 && (
            <Text size="sm" mb="xs">
              As an agent, in {days} days:{" "}
              {as_agent
                .map((kind) => `${String(kind.count)} × ${label(kind.class_name ?? String(kind.class_uid))}`)
                .join(", ")}
              .
            </Text>
          )}
          {items.length === 0 ? (
            <Empty title="Nothing yet">What happens to your account, and what you change here, stands here.</Empty>
          ) : (
            <Rows label="What is recorded about you" columns={["When", "What", "By"]} wide={480}>
              {items.slice(0, SHOWN).map((item, at) => (
                <Table.Tr key={at}>
                  <Table.Td>
                    <When ms={item.time_ms} />
                  </Table.Td>
                  <Table.Td className="rf-outside">
                    {brief(item.message ?? label(item.class_name ?? ""), 300)}
                    {item.address !== null && (
                      <Text size="xs" c="dimmed">
                        from {brief(item.address)}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    {item.by_me === true && (
                      <Badge variant="default" tt="none">
                        you
                      </Badge>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Rows>
          )}
          {items.length > SHOWN && (
            <Text size="xs" c="dimmed" mt="xs">
              The newest {SHOWN} of {plural(items.length, "event", "events")}; all of them: GET /api/v1/me/records.
            </Text>
          )}
          <Text size="xs" c="dimmed" mt="xs" maw={720}>
            Alerts and what was found by looking into them are not among it. A privacy officer answers what else is
            kept.
          </Text>
        </>
      )}
    </Asked>
  );
}
