/** One rule: what it means, what it found, what to do then. */
import { Anchor, Badge, Box, Button, Code, Drawer, Group, List, Text } from "@mantine/core";
import { IconFlask } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { alertsQuery, sqlQuery } from "../../api/queries";
import { bins, binsSql } from "../../lib/bins";
import { count, plural } from "../../lib/format";
import { quoted } from "../../lib/sql";
import { AlertLines } from "../../ui/AlertLines";
import { DIALOG, useReturnFocus } from "../../ui/dialog";
import { Facts } from "../../ui/Facts";
import { Section } from "../../ui/Page";
import { Severity } from "../../ui/Severity";
import { Asked, Loading } from "../../ui/States";
import { Trend } from "../../ui/Trend";
import { useNow } from "../../ui/When";
import { type Rule, extras, levelId, safeLink, sayCost, sayLogsource, sayTag } from "./model";

const HOUR_MS = 3_600_000;

export function RuleDrawer({
  rule,
  all,
  close,
  test,
}: {
  rule: Rule;
  all: Rule[];
  close: () => void;
  test: () => void;
}) {
  useReturnFocus();
  const { message, story, steps } = extras(rule);
  return (
    <Drawer opened onClose={close} position="right" size="xl" title={rule.title} {...DIALOG}>
      <Group gap="md" mb="sm" justify="space-between">
        <Group gap="md">
          <Severity id={levelId(rule.level)} />
          <Text size="sm" c="dimmed">
            {rule.kind}
            {rule.status && `, ${rule.status}`}
          </Text>
        </Group>
        <Button size="xs" variant="default" leftSection={<IconFlask size={14} />} onClick={test}>
          Try one like it
        </Button>
      </Group>
      {rule.description && (
        <Text size="sm" mb="md" className="rf-outside" style={{ whiteSpace: "pre-line" }}>
          {rule.description.trim()}
        </Text>
      )}
      <Section title="What it found">
        <Facts
          facts={[
            ["Hits since the start", count(rule.hits)],
            ["Cost for an event", sayCost(rule.micros)],
            ["Among all rules", rank(rule, all)],
          ]}
        />
        {rule.id && (
          <>
            <Box my="sm">
              <Found id={rule.id} />
            </Box>
            <AlertsOf id={rule.id} />
          </>
        )}
      </Section>
      {(steps.length > 0 || message) && (
        <Section title="When it fires">
          {message && (
            <Text size="sm" mb="xs" className="rf-outside">
              Says: <Code className="rf-mono">{message}</Code>
            </Text>
          )}
          {story.length > 0 && (
            <Text size="sm" mb="xs" className="rf-outside">
              Findings join one alert by {story.join(", else ")}.
            </Text>
          )}
          {steps.length > 0 && (
            <List type="ordered" size="sm" className="rf-outside">
              {steps.map((step, i) => (
                <List.Item key={i}>{step}</List.Item>
              ))}
            </List>
          )}
        </Section>
      )}
      {rule.falsepositives && rule.falsepositives.length > 0 && (
        <Section title="Harmless things that look the same">
          <List size="sm" className="rf-outside">
            {rule.falsepositives.map((text, i) => (
              <List.Item key={i}>{text}</List.Item>
            ))}
          </List>
        </Section>
      )}
      <Section title="Where it comes from">
        <Facts
          cols={2}
          facts={[
            ["Log source", sayLogsource(rule)],
            ["File", <Text key="f" span className="rf-mono">{`${rule.file}:${rule.line}`}</Text>],
            [
              "Id",
              <Text key="i" span className="rf-mono">
                {rule.id ?? "none"}
              </Text>,
            ],
            ["Author, date", [rule.author, rule.modified ?? rule.date].filter(Boolean).join(", ") || "not said"],
          ]}
        />
        <Group gap={6} mt="sm">
          {(rule.tags ?? []).map((tag) => (
            <Badge key={tag} variant="default" radius="sm" tt="none" fw={500} className="rf-outside" maw="100%">
              {sayTag(tag)}
            </Badge>
          ))}
        </Group>
        {(rule.references ?? []).length > 0 && (
          <List size="sm" mt="sm" className="rf-outside">
            {(rule.references ?? []).map((text, i) => (
              <List.Item key={i}>
                <Reference text={text} />
              </List.Item>
            ))}
          </List>
        )}
      </Section>
    </Drawer>
  );
}

/** Whoever wrote the rule chose the address: it opens apart and is not told where the reader comes from. */
function Reference({ text }: { text: string }) {
  const href = safeLink(text);
  return href ? (
    <Anchor href={href} target="_blank" rel="noreferrer noopener" size="sm" className="rf-outside">
      {text}
    </Anchor>
  ) : (
    <span className="rf-outside">{text}</span>
  );
}

function rank(rule: Rule, all: Rule[]): string {
  if (typeof rule.micros !== "number") return "not known yet";
  const dearer = all.filter((other) => (other.micros ?? -1) > (rule.micros ?? 0)).length;
  return dearer === 0 ? "costs most" : `${count(dearer)} ${dearer === 1 ? "costs" : "cost"} more`;
}

/** Findings over the last week. */
function Found({ id }: { id: string }) {
  const now = useNow();
  const to = Math.ceil(now / HOUR_MS) * HOUR_MS;
  const from = to - 168 * HOUR_MS;
  const query = useQuery(
    sqlQuery(binsSql("time", `class_uid = 2004 AND rule_id = ${quoted(id)}`, from, to, HOUR_MS), 200),
  );
  const series = useMemo(() => bins(query.data?.rows ?? [], from, to, HOUR_MS), [query.data, from, to]);
  return (
    <Asked query={query} loading={<Loading rows={1} height={64} />}>
      {() => <Trend title="Findings, last 7 days, by the hour" unit="findings" series={series} />}
    </Asked>
  );
}

function AlertsOf({ id }: { id: string }) {
  const query = useQuery(alertsQuery({ rule_id: id, limit: 5, order: "newest" }));
  return (
    <Asked query={query} loading={<Loading rows={2} height={24} />}>
      {(page) => {
        const { open, acknowledged, closed } = page.counts;
        return page.items.length === 0 ? (
          <Text size="sm" c="dimmed">
            No alert was opened by it.
          </Text>
        ) : (
          <>
            <AlertLines alerts={page.items} />
            <Anchor
              size="sm"
              renderRoot={(props) => <Link to="/alerts" search={{ rule: id, status: "any" }} {...props} />}
            >
              {plural(open + acknowledged + closed, "alert")} of this rule
            </Anchor>
          </>
        );
      }}
    </Asked>
  );
}
