/** What the evidence log has about whoever looks: what they did, and who did what to them. */
import { Anchor, Badge, Button, Group, Table, Text } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { myEvidenceQuery } from "../../api/queries";
import { brief, count } from "../../lib/format";
import { Rows } from "../../ui/Rows";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import { Wrong } from "../../ui/Wrong";
import { LoggedEntry } from "./LoggedEntry";

export function Logged() {
  const query = useInfiniteQuery(myEvidenceQuery);
  const [open, setOpen] = useState<number>();
  return (
    <Asked query={query} loading={<Loading rows={4} />}>
      {({ pages }) => {
        const items = pages.flatMap((page) => page.items);
        if (items.length === 0) return <Empty title="Nothing yet">What you do here, and what is done to you.</Empty>;
        return (
          <>
            <Rows label="Entries about you" columns={["When", "What", "By", "Number and proof"]} wide={560}>
              {items.map((item) => (
                <Table.Tr key={item.index}>
                  <Table.Td>
                    <When ms={item.time_ms} />
                  </Table.Td>
                  <Table.Td className="rf-outside">
                    {item.what === null ? "The record was erased" : brief(item.what, 300)}
                    {item.result === "failure" && (
                      <Text size="xs" c="dimmed">
                        it failed
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td className="rf-outside">
                    {item.by_me ? (
                      <Badge variant="default" tt="none">
                        you
                      </Badge>
                    ) : (
                      brief(item.actor_name ?? item.actor, 80)
                    )}
                  </Table.Td>
                  <Table.Td className="rf-num">
                    <Anchor
                      component="button"
                      type="button"
                      size="sm"
                      aria-label={`Proof of entry ${item.index}`}
                      onClick={() => setOpen(item.index)}
                    >
                      {count(item.index)}
                    </Anchor>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Rows>
            <Wrong error={query.isFetchNextPageError ? query.error : null} />
            {query.hasNextPage && (
              <Group mt="xs">
                <Button
                  size="compact-sm"
                  variant="default"
                  loading={query.isFetchingNextPage}
                  onClick={() => void query.fetchNextPage()}
                >
                  Show more
                </Button>
              </Group>
            )}
            {open !== undefined && <LoggedEntry index={open} close={() => setOpen(undefined)} />}
          </>
        );
      }}
    </Asked>
  );
}
