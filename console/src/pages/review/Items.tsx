/** The roles of a review, with what a reviewer needs to know of each. */
import { Badge, Checkbox, Group, Table, Text } from "@mantine/core";
import { brief } from "../../lib/format";
import { heldWords } from "../../lib/roles";
import { PrincipalName } from "../../ui/PrincipalName";
import { Rows } from "../../ui/Rows";
import { HIDDEN } from "../../ui/Severity";
import { When } from "../../ui/When";
import { NotUsed } from "../reviews/Unused";
import { BECAME, type Item, mayTake } from "./model";

export function Items({
  items,
  me,
  signs,
  chosen,
  choose,
}: {
  items: Item[];
  me: string;
  /** Whether whoever looks decides. */
  signs: boolean;
  chosen: ReadonlySet<string>;
  choose: (chosen: ReadonlySet<string>) => void;
}) {
  const open = items.filter((item) => mayTake(item, me));
  const all = open.length > 0 && open.every((item) => chosen.has(item.id));
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    choose(next);
  };
  const box = signs ? (
    <Checkbox
      key="all"
      size="xs"
      aria-label="Choose all that are shown"
      checked={all}
      indeterminate={!all && chosen.size > 0}
      onChange={() => choose(all ? new Set() : new Set(open.map((item) => item.id)))}
    />
  ) : (
    <span key="all" style={HIDDEN}>
      Place
    </span>
  );
  return (
    <Rows
      label="Roles in the review"
      columns={[box, "Who", "Role", "Why", "Last seen", "Not used", "Decision"]}
      wide={980}
      hover
    >
      {items.map((item) => (
        <Table.Tr key={item.id} data-row={item.id}>
          <Table.Td w={36}>
            {signs && mayTake(item, me) ? (
              <Checkbox
                size="xs"
                data-item={item.id}
                aria-label={`${item.name}: ${heldWords(item)}`}
                checked={chosen.has(item.id)}
                onChange={() => toggle(item.id)}
              />
            ) : (
              // Where the keys stop, too.
              <span tabIndex={-1} data-item={item.id} />
            )}
          </Table.Td>
          <Table.Td miw={140}>
            <Who item={item} isMe={item.principal_id === me} />
          </Table.Td>
          <Table.Td miw={150}>
            <Text size="sm" fw={600}>
              {heldWords(item)}
            </Text>
            <Group gap={4}>
              {item.reserve && (
                <Badge variant="outline" color="gray" tt="none" size="sm">
                  in reserve
                </Badge>
              )}
              {item.expires_ms !== null && (
                <Text size="xs" c="dimmed">
                  ends <When ms={item.expires_ms} />
                </Text>
              )}
            </Group>
          </Table.Td>
          <Table.Td miw={180}>
            <Text size="sm" className="rf-outside" c={item.why === "" ? "dimmed" : undefined}>
              {item.why === "" ? "not said" : brief(item.why, 500)}
            </Text>
            <Text size="xs" c="dimmed" className="rf-outside">
              by {brief(item.granted_by)}, <When ms={item.granted_ms} />
            </Text>
          </Table.Td>
          <Table.Td>
            {item.last_used_ms === null ? (
              <Text size="sm" c="dimmed">
                never
              </Text>
            ) : (
              <When ms={item.last_used_ms} />
            )}
            {item.dormant && (
              <Badge variant="default" tt="none" size="sm" miw="max-content">
                not for 90 days
              </Badge>
            )}
          </Table.Td>
          <Table.Td miw={150}>{item.rights !== null && <NotUsed rights={item.rights} />}</Table.Td>
          <Table.Td miw={150}>
            <Became item={item} isMe={item.principal_id === me} />
          </Table.Td>
        </Table.Tr>
      ))}
    </Rows>
  );
}

function Who({ item, isMe }: { item: Item; isMe: boolean }) {
  return (
    <>
      <PrincipalName id={item.principal_id} name={item.name} kind={item.kind} />
      <Group gap={4}>
        {isMe && (
          <Text size="xs" c="dimmed">
            you
          </Text>
        )}
        {item.kind !== "person" && (
          <Badge variant="default" tt="none" size="sm">
            a token
          </Badge>
        )}
        {item.disabled && (
          <Badge variant="default" tt="none" size="sm">
            switched off
          </Badge>
        )}
      </Group>
    </>
  );
}

function Became({ item, isMe }: { item: Item; isMe: boolean }) {
  if (item.decision === null || item.decided_ms === null)
    return (
      <Text size="sm" c="dimmed">
        {isMe ? "another person decides" : "not decided"}
      </Text>
    );
  return (
    <>
      <Text size="sm" data-decision={item.decision}>
        {BECAME[item.decision]}
      </Text>
      <Text size="xs" c="dimmed" className="rf-outside">
        {item.decided_by_name === null ? "" : `by ${brief(item.decided_by_name)}, `}
        <When ms={item.decided_ms} />
        {item.note !== "" && `: ${brief(item.note, 500)}`}
      </Text>
    </>
  );
}
