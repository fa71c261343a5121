/** One question about one of them: whether they may, why, and what it would take. */
import { Badge, Group, List, Select, SimpleGrid, Text, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { type Question, whyQuery } from "../../api/queries";
import { brief, label } from "../../lib/format";
import { heldWords, programWords } from "../../lib/roles";
import { Facts } from "../../ui/Facts";
import { Asked, Loading } from "../../ui/States";

const RECORD = "customer-record:open";

const CALLS = [
  ["", "as it is now"],
  ["live", "they are on a call"],
  ["wrap_up", "they wrap one up"],
  ["none", "they have no call"],
  ["unknown", "it is not known"],
] as const;

export function Why({ id, action, program }: { id: string; action: string; program: string }) {
  const [call, setCall] = useState("");
  const [reason, setReason] = useState("");
  const record = action === RECORD;
  const question: Question = {
    id,
    action,
    program,
    ...(record && call !== "" ? { call: call as NonNullable<Question["call"]> } : {}),
    ...(record && reason.trim() !== "" ? { reason: reason.trim() } : {}),
  };
  const query = useQuery(whyQuery(question));
  return (
    <>
      {record && (
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" maw={640} mb="sm">
          <Select
            label="While"
            data={CALLS.map(([value, words]) => ({ value, label: words }))}
            value={call}
            onChange={(call) => setCall(call ?? "")}
            allowDeselect={false}
          />
          <TextInput
            label="With a stated reason"
            placeholder="none"
            value={reason}
            maxLength={200}
            onChange={(e) => setReason(e.currentTarget.value)}
          />
        </SimpleGrid>
      )}
      <Asked query={query} loading={<Loading rows={3} />}>
        {(why) => <Answer why={why} program={program} />}
      </Asked>
    </>
  );
}

function Answer({ why, program }: { why: Schemas["WhyAllowed"]; program: string }) {
  return (
    <>
      <Group gap="xs" mb="xs" role="status" wrap="nowrap" align="flex-start">
        <Badge color={why.allowed ? "green.9" : "red.9"} tt="none" miw="max-content">
          {why.allowed ? "allowed" : "denied"}
        </Badge>
        <Text size="sm" className="rf-outside">
          {brief(why.reason, 500)}
        </Text>
      </Group>
      <Facts
        facts={[
          [
            why.policies.length === 1 ? "The policy that decides" : "The policies that decide",
            why.policies.length === 0 ? (
              "none allows it"
            ) : (
              <List key="policies" listStyleType="none" size="sm">
                {why.policies.map((policy) => (
                  <List.Item key={policy.id}>
                    {brief(policy.says, 300)} ({brief(policy.id)})
                  </List.Item>
                ))}
              </List>
            ),
          ],
          [
            `Held in ${programWords(program)}`,
            why.roles.length === 0 ? "nothing" : why.roles.map((held) => heldWords(held)).join(", "),
          ],
          [
            "Roles that may, at some moment",
            why.roles_that_may.length === 0 ? "none" : why.roles_that_may.map((role) => label(role)).join(", "),
          ],
          ...(why.call_state === null ? [] : [["The call", label(why.call_state)] as const]),
        ]}
      />
    </>
  );
}
