/** What a trial of a rule gave: mistakes with their lines, hits with their reasons. */
import { ActionIcon, Anchor, Box, Button, Collapse, Group, Paper, Table, Text } from "@mantine/core";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { recordQuery } from "../../api/queries";
import { count, plural } from "../../lib/format";
import { Raw } from "../../ui/EvidenceRow";
import { Notice } from "../../ui/Notice";
import { Section } from "../../ui/Page";
import { Severity } from "../../ui/Severity";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import type { Mistake } from "./model";
import { type Hit, type Result, mistakesOf, sayResult, sayWhy, whyOf } from "./verdict";

const FIRST = 50;

export function Outcome({
  result,
  records,
  toRule,
  toRecord,
}: {
  result: Result;
  /** What was pasted, if it was. */
  records: string | undefined;
  toRule: (line: number) => void;
  toRecord: ((line: number) => void) | undefined;
}) {
  const [all, setAll] = useState(false);
  const { hits } = result;
  const { rule, records: unread } = mistakesOf(result);
  const lines = records?.split("\n");
  return (
    <>
      {rule.length > 0 && (
        <Section title={plural(rule.length, "mistake")}>
          <Mistakes mistakes={rule} what="The rule" toLine={toRule} />
        </Section>
      )}
      {unread.length > 0 && (
        <Section title="Records that could not be read">
          <Mistakes mistakes={unread} what="Records" />
        </Section>
      )}
      {(result.rules > 0 || rule.length === 0) && (
        <Section title={sayResult(result)}>
          {result.truncated && (
            <Notice tone="care" title="Not all events were looked at">
              The time for a trial was over. Choose a shorter span.
            </Notice>
          )}
          {hits.length < result.hit_count && <Notice>{`The first ${count(hits.length)} hits are listed.`}</Notice>}
          {result.events === 0 ? (
            <Empty mood="blind" title="There was no event to look at">
              So nothing is said about the rule.
            </Empty>
          ) : hits.length === 0 ? (
            <Empty title="The rule finds nothing there">
              If it should, look at the names of the fields: a field that is absent matches nothing.
            </Empty>
          ) : (
            <Paper component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} aria-label="Hits">
              {(all ? hits : hits.slice(0, FIRST)).map((hit, i) => (
                <HitRow
                  key={i}
                  hit={hit}
                  named={result.rules > 1}
                  record={hit.event !== null ? lines?.[hit.event - 1] : undefined}
                  toRecord={toRecord}
                />
              ))}
            </Paper>
          )}
          {!all && hits.length > FIRST && (
            <Button mt="xs" size="xs" variant="default" onClick={() => setAll(true)}>
              Show all {count(hits.length)}
            </Button>
          )}
        </Section>
      )}
    </>
  );
}

function Mistakes({ mistakes, what, toLine }: { mistakes: Mistake[]; what: string; toLine?: (line: number) => void }) {
  return (
    <Paper component="ul" style={{ listStyle: "none", margin: 0 }} p="xs" aria-label="Mistakes">
      {mistakes.map(({ line, message }, i) => (
        <Box component="li" key={i} py={3} data-mistake="">
          <Text size="sm" className="rf-outside">
            {line !== undefined && toLine ? (
              <Anchor component="button" type="button" size="sm" fw={600} onClick={() => toLine(line)}>
                Line {line}
              </Anchor>
            ) : (
              <b>{what}</b>
            )}
            : {message}
          </Text>
        </Box>
      ))}
    </Paper>
  );
}

function HitRow({
  hit,
  named,
  record,
  toRecord,
}: {
  hit: Hit;
  named: boolean;
  record: string | undefined;
  toRecord: ((line: number) => void) | undefined;
}) {
  const [open, setOpen] = useState(false);
  const why = whyOf(hit.reason);
  const line = hit.event;
  const id = hit.event_ids.at(-1);
  return (
    <Box
      component="li"
      className="rf-row"
      px="xs"
      py={6}
      style={{ borderBottom: "1px solid var(--rf-line)" }}
      data-hit=""
    >
      <Group gap="xs" wrap="nowrap" align="flex-start">
        <ActionIcon
          size="sm"
          variant="subtle"
          color="gray"
          aria-expanded={open}
          aria-label={`${open ? "Close" : "Open"}: why, and the record`}
          onClick={() => setOpen(!open)}
        >
          {open ? <IconChevronDown size={15} /> : <IconChevronRight size={15} />}
        </ActionIcon>
        <Box w={124} style={{ flex: "none" }} visibleFrom="sm">
          <Severity id={hit.severity_id} />
        </Box>
        <Box style={{ flex: 1, minWidth: 0 }}>
          <Box hiddenFrom="sm">
            <Severity id={hit.severity_id} />
          </Box>
          <Text size="sm" fw={600} className="rf-outside">
            {hit.message}
          </Text>
          <Text size="xs" c="dimmed" className="rf-outside">
            {named && <>{hit.title} · </>}
            {sayWhy(why) || "no reason was given"}
          </Text>
        </Box>
        <Text size="xs" c="dimmed" style={{ flex: "none", textAlign: "right" }} component="div">
          <When ms={hit.time_ms} />
          {line !== null && (
            <div>
              {toRecord ? (
                <Anchor component="button" type="button" size="xs" onClick={() => toRecord(line)}>
                  line {line}
                </Anchor>
              ) : (
                `line ${line}`
              )}
            </div>
          )}
        </Text>
      </Group>
      <Collapse expanded={open}>
        {open && (
          <Box pl={34} pt={6}>
            {why.length > 0 && (
              <Table mb="xs" verticalSpacing={3} aria-label="What matched">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Field</Table.Th>
                    <Table.Th>Value</Table.Th>
                    <Table.Th>Test</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {why.map((w, i) => (
                    <Table.Tr key={i}>
                      <Table.Td className="rf-mono">{w.field}</Table.Td>
                      <Table.Td className="rf-mono">{w.value}</Table.Td>
                      <Table.Td className="rf-outside">{w.test}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
            {record !== undefined ? <Raw text={record} /> : id !== undefined && <Stored id={id} />}
            {hit.event_ids.length > 1 && (
              <Text size="xs" c="dimmed" mt={4}>
                The last of {plural(hit.event_ids.length, "event")}.
              </Text>
            )}
          </Box>
        )}
      </Collapse>
    </Box>
  );
}

/** The record of a hit as it came. */
function Stored({ id }: { id: string }) {
  const query = useQuery(recordQuery(id));
  return (
    <Asked query={query} loading={<Loading rows={1} height={60} />}>
      {(record) => <Raw text={record.raw} />}
    </Asked>
  );
}
