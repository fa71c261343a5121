/** Nothing is known of that call: why that may be, and where to look instead. */
import { Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate } from "@tanstack/react-router";
import { oldestQuery, sqlQuery } from "../../api/queries";
import { quoted, textOf } from "../../lib/sql";
import { fullDay } from "../../lib/time";
import { Empty } from "../../ui/States";
import { CallSkeleton } from "./CallSkeleton";

/** Sources have ids of their own for a call, and people find them in other systems. */
const sameCallSql = (id: string) => `SELECT call_uid FROM events
WHERE class_uid IN (99904001, 99904002, 99904005) AND ocsf_get(ocsf, 'call_uid') = ${quoted(id)} AND call_uid IS NOT NULL
ORDER BY time DESC LIMIT 1`;

export function UnknownCall({ uid }: { uid: string }) {
  const oldest = useQuery(oldestQuery);
  const same = useQuery(sqlQuery(sameCallSql(uid), 1));
  const found = textOf(same.data?.rows[0]?.["call_uid"]);
  if (same.isPending) return <CallSkeleton />;
  if (found !== "" && found !== uid) return <Navigate to="/calls/$uid" params={{ uid: found }} replace />;
  const since = oldest.data;
  return (
    <Empty title="No event of this call is known">
      <Text size="sm" className="rf-outside">
        Nothing names the call {uid}.
      </Text>
      <Text size="sm" mt={4}>
        {since === undefined
          ? "It may be older than what is kept, or of a program that you do not see."
          : since === null
            ? "Nothing has been taken in yet."
            : `Events are kept since ${fullDay(since)}: an older call is gone. It may also be of a program that you do not see.`}
      </Text>
      <Group justify="center" mt="md" gap="xs">
        <Button
          variant="default"
          renderRoot={(props) => (
            <Link
              to="/search"
              search={{
                mode: "sql",
                sql: `SELECT *\nFROM events\nWHERE raw LIKE ${quoted(`%${uid.replaceAll("%", "")}%`)}\nORDER BY time DESC`,
              }}
              {...props}
            />
          )}
        >
          Search all events for this id
        </Button>
        <Button variant="default" renderRoot={(props) => <Link to="/calls" {...props} />}>
          See the calls that are known
        </Button>
      </Group>
    </Empty>
  );
}
