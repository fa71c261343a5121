/** A change of policies, tried before it is made: on the decisions of the last weeks, and on what people may do. */
import {
  Badge,
  Button,
  Group,
  Modal,
  NumberInput,
  SimpleGrid,
  Stack,
  Table,
  Text,
  Textarea,
  TextInput,
} from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type SyntheticEvent, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { brief, label, plural } from "../../lib/format";
import { programWords } from "../../lib/roles";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Rows } from "../../ui/Rows";
import { Empty } from "../../ui/States";
import { When } from "../../ui/When";
import { Wrong } from "../../ui/Wrong";
import { whenWords } from "./WhoCan";

type Result = Schemas["PolicyPreview"];

const EXAMPLE = `@id("no-records-at-the-bank")
@says("nobody opens records of the bank for now")
forbid (
  principal,
  action == Ringfence::Action::"customer-record:open",
  resource
) when { resource.program == Ringfence::Program::"bank" };`;

export function Preview({ close }: { close: () => void }) {
  useReturnFocus();
  const [name, setName] = useState("proposed.cedar");
  const [text, setText] = useState("");
  const [days, setDays] = useState(30);
  const trial = useMutation({
    mutationFn: () =>
      ask(api.POST("/api/v1/policies/preview", { body: { files: [{ name: name.trim(), text }], days } })),
  });
  return (
    <Modal {...DIALOG} opened onClose={close} size="70rem" title="What would other policies change?">
      <form
        onSubmit={(event: SyntheticEvent) => {
          event.preventDefault();
          trial.mutate();
        }}
      >
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            Nothing is changed by this. The file takes the place of one of the same name; one without text takes its
            policies away.
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs">
            <TextInput
              label="File"
              value={name}
              maxLength={128}
              onChange={(e) => setName(e.currentTarget.value)}
              data-autofocus
            />
            <NumberInput
              label="Decisions of the last days"
              min={1}
              max={366}
              allowDecimal={false}
              value={days}
              onChange={(value) => setDays(typeof value === "number" ? value : 30)}
            />
          </SimpleGrid>
          <Textarea
            label="Policies, in Cedar"
            placeholder={EXAMPLE}
            value={text}
            onChange={(e) => setText(e.currentTarget.value)}
            autosize
            minRows={8}
            maxRows={18}
            spellCheck={false}
            styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)" } }}
          />
          <Wrong error={trial.error} />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Close
            </Button>
            <Button type="submit" disabled={name.trim() === ""} loading={trial.isPending}>
              Try it
            </Button>
          </Group>
          {trial.data && <Outcome result={trial.data} />}
        </Stack>
      </form>
    </Modal>
  );
}

function Outcome({ result }: { result: Result }) {
  const { policies, changes, rights } = result;
  if (policies.length === 0)
    return <Empty title="Nothing would be otherwise">These are the policies that are in force.</Empty>;
  return (
    <>
      <Text size="sm" role="status">
        {plural(policies.length, "policy", "policies")} would be another one (
        {policies.map((policy) => `${brief(policy.id)} ${policy.verb}`).join(", ")}). Of{" "}
        {plural(result.decisions, "decision", "decisions")} in {plural(result.days, "day", "days")},{" "}
        <b>{result.otherwise} would be otherwise</b>
        {result.left_out > 0 && `; ${result.left_out} are about people who are gone`}
        {result.truncated && "; the rarest questions were left out"}.
      </Text>
      {changes.length > 0 && (
        <Rows
          label="Decisions that would be otherwise"
          columns={["Times", "Who", "What", "Would be", "Last"]}
          wide={640}
        >
          {changes.map((change, at) => (
            <Table.Tr key={at}>
              <Table.Td>{change.count}</Table.Td>
              <Table.Td className="rf-outside">{brief(change.name ?? change.subject, 60)}</Table.Td>
              <Table.Td className="rf-outside">
                <Text size="sm">
                  {change.action} {brief(change.resource, 60)} in {programWords(change.program || "*")}
                </Text>
                <Text size="xs" c="dimmed">
                  {change.call_state !== null && `call: ${label(change.call_state).toLowerCase()}`}
                  {change.stated_reason !== null && `, because “${brief(change.stated_reason, 80)}”`}
                </Text>
              </Table.Td>
              <Table.Td>
                <Badge color={change.would_be ? "green.9" : "red.9"} tt="none" miw="max-content">
                  {change.would_be ? "allowed" : "denied"}
                </Badge>
                <Text size="xs" c="dimmed" className="rf-outside">
                  {brief(change.reason, 160)}
                </Text>
              </Table.Td>
              <Table.Td>
                <When ms={change.last_ms} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
      {rights.length > 0 && (
        <Rows label="What people and services may do" columns={["Who", "May", "Now", "Then"]} wide={560}>
          {rights.map((right) => (
            <Table.Tr key={`${right.id} ${right.action} ${right.program}`}>
              <Table.Td className="rf-outside">{brief(right.name, 60)}</Table.Td>
              <Table.Td>
                {right.words} in {programWords(right.program)}
              </Table.Td>
              <Table.Td>{right.before === null ? "never" : whenWords(right.before)}</Table.Td>
              <Table.Td>{right.after === null ? "never" : whenWords(right.after)}</Table.Td>
            </Table.Tr>
          ))}
        </Rows>
      )}
      {result.rights_truncated && (
        <Text size="sm" c="dimmed">
          Only the first {rights.length} changes to what people and services may do are shown: there are more.
        </Text>
      )}
    </>
  );
}
