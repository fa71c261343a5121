/** Why it fired: for each rule what it saw, beside what it wants to see. */
import { Anchor, Box, Code, Group, List, Paper, Stack, Table, Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import { count, plural } from "../../lib/format";
import { clockTime, lasting } from "../../lib/time";
import { SeverityShape, severityWord } from "../../ui/Severity";
import { Loading } from "../../ui/States";
import { When } from "../../ui/When";
import type { Finding } from "./finding";
import { type MatchedField, type Why as Reason, readReason, sayGroup, sayThreshold } from "./reason";

type Rule = Schemas["Rule"];

export function Why({
  rules,
  lead,
  findings,
  complete,
  about,
}: {
  rules: readonly Schemas["AlertRule"][];
  /** The rule that gave the alert its name. */
  lead: string;
  /** Newest first. */
  findings: readonly Finding[] | undefined;
  complete: boolean;
  /** What is known of a rule beyond its findings. */
  about: (rule: string) => Rule | undefined;
}) {
  const ordered = rules.toSorted(
    (a, b) => Number(b.rule_id === lead) - Number(a.rule_id === lead) || b.severity_id - a.severity_id,
  );
  return (
    <Stack gap="sm">
      {ordered.map((rule) => (
        <OneRule
          key={rule.rule_id}
          rule={rule}
          finding={findings?.find((f) => f.rule_id === rule.rule_id)}
          pending={findings === undefined || !complete}
          about={about(rule.rule_id)}
        />
      ))}
    </Stack>
  );
}

function OneRule({
  rule,
  finding,
  pending,
  about,
}: {
  rule: Schemas["AlertRule"];
  finding: Finding | undefined;
  pending: boolean;
  about: Rule | undefined;
}) {
  return (
    <Paper p="md">
      <Group justify="space-between" gap="xs" align="flex-start">
        <Group gap={8} wrap="nowrap" align="flex-start" flex="1 1 240px">
          <Box pt={4} lh={0}>
            <SeverityShape id={rule.severity_id} />
          </Box>
          <Title order={3} size="h5" className="rf-outside" style={{ minWidth: 0 }} lineClamp={3}>
            <Anchor
              inherit
              c="inherit"
              renderRoot={(props) => <Link to="/rules" search={{ rule: rule.rule_id }} {...props} />}
            >
              {rule.title}
            </Anchor>
          </Title>
        </Group>
        <Text size="sm" c="dimmed">
          {severityWord(rule.severity_id)}, {plural(rule.finding_count, "finding")}, last{" "}
          <When ms={rule.last_time_ms} />
        </Text>
      </Group>
      {about?.description && (
        <Text size="sm" c="dimmed" mt={4} className="rf-outside" maw="75ch">
          {about.description}
        </Text>
      )}
      <Box mt="sm">
        {finding ? (
          <Said why={readReason(finding.reason)} events={finding.event_ids.length} />
        ) : pending ? (
          <Loading rows={2} height={22} />
        ) : (
          <Text size="sm" c="dimmed">
            What this rule saw is no longer kept with the alert.
          </Text>
        )}
      </Box>
      {about && about.falsepositives && about.falsepositives.length > 0 && (
        <Box mt="sm">
          <Text size="sm" fw={600}>
            It may be harmless when
          </Text>
          <List size="sm" className="rf-outside">
            {about.falsepositives.map((text) => (
              <List.Item key={text}>{text}</List.Item>
            ))}
          </List>
        </Box>
      )}
    </Paper>
  );
}

function Said({ why, events }: { why: Reason; events: number }) {
  if (why.kind === "matched") return <Fields fields={why.fields} />;
  if (why.kind === "unknown") {
    return (
      <Text size="sm" c="dimmed">
        The rule gave no reason that can be read. The record of the finding has all that it said.
      </Text>
    );
  }
  const long = why.to_ms - why.from_ms;
  return (
    <>
      <Text size="sm" className="rf-outside">
        {why.threshold > 0 && (
          <>
            <b>{count(why.count)} were counted</b>
            {why.from_ms > 0 && ` within ${lasting(long)}`}
          </>
        )}
        {why.threshold <= 0 && why.from_ms > 0 && <b>Within {lasting(long)}</b>}
        {why.group.length > 0 && ` for ${sayGroup(why.group)}`}. {sayThreshold(why.count, why.threshold)}
      </Text>
      <Text size="xs" c="dimmed" mt={2}>
        {why.from_ms > 0 && (
          <>
            From {clockTime(why.from_ms)} to {clockTime(why.to_ms)}
            {events > 0 && ", "}
          </>
        )}
        {events > 0 && `${plural(events, "event")} below ${events === 1 ? "is" : "are"} what it counted`}
      </Text>
    </>
  );
}

function Fields({ fields }: { fields: MatchedField[] }) {
  return (
    <Table aria-label="What the rule saw and what it looks for" layout="fixed" verticalSpacing={4} maw={760}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th w="34%">Field</Table.Th>
          <Table.Th w="30%">What it saw</Table.Th>
          <Table.Th>What it looks for</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {fields.map(({ field, label, value, says, test }) => (
          <Table.Tr key={`${field}${test.verb}${test.text}`}>
            <Table.Td title={field}>
              <bdi>{label}</bdi>
            </Table.Td>
            <Table.Td fw={600}>
              {says === undefined ? <Long text={value} /> : <span title={value}>{says}</span>}
            </Table.Td>
            <Table.Td>{test.plain ? "exactly that" : <Wanted {...test} />}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Wanted({ verb, text }: { verb: string; text: string }) {
  return (
    <>
      <bdi>{verb}</bdi>{" "}
      {text !== "" && (
        <Code className="rf-mono">
          <Long text={text} />
        </Code>
      )}
    </>
  );
}

const MOST = 120;

/** Its beginning, and all of it on demand: anybody may have written it, as long as they liked. */
function Long({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  if (text.length <= MOST) return <bdi>{text}</bdi>;
  return (
    <>
      <bdi>{whole ? text : `${text.slice(0, MOST)}…`}</bdi>{" "}
      <Anchor component="button" type="button" size="xs" aria-expanded={whole} onClick={() => setWhole(!whole)}>
        {whole ? "Less" : "More"}
      </Anchor>
    </>
  );
}
