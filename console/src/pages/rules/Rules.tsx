/** Rules: what is looked for, how often it was found, what looking costs; and a place to try one. */
import { Box, Button, Group, Kbd, Select, Text, TextInput } from "@mantine/core";
import { IconFlask, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useKeys } from "../../app/keys";
import { rulesQuery } from "../../api/queries";
import { count, label, plural } from "../../lib/format";
import { step } from "../../lib/rows";
import { KeysHelp } from "../../ui/KeysHelp";
import { Page, Section } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { Broken } from "./Broken";
import { KEYS } from "./keys";
import { LEVELS, type Rule, matching, mistakeOf, nextSort, ruleKey, sortOf, sorted } from "./model";
import { RuleDrawer } from "./RuleDrawer";
import { RuleTable } from "./RuleTable";
import { TestBox } from "./TestBox";

export function Rules() {
  const search = useSearch({ from: "/rules" });
  const navigate = useNavigate({ from: "/rules" });
  const query = useQuery(rulesQuery);
  const find = useRef<HTMLInputElement>(null);
  const [help, setHelp] = useState(false);
  const show = (change: Partial<typeof search>, push = false) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: !push });
  const testing = search.test !== undefined;
  const test = (what = "new") => show({ test: what, rule: undefined }, true);
  useKeys(
    testing
      ? {}
      : {
          t: () => test(),
          "/": () => find.current?.focus(),
          j: () => step("[data-rule]", 1),
          k: () => step("[data-rule]", -1),
          "?": () => setHelp(true),
        },
  );
  const rules = query.data?.items ?? [];
  const byKey = (key: string | undefined): Rule | undefined =>
    key === undefined ? undefined : rules.find((rule) => ruleKey(rule) === key);
  if (testing) {
    // Not before the rules are there: the box begins with the one that is asked for.
    if (query.isPending)
      return (
        <Page title="Try a rule">
          <Loading />
        </Page>
      );
    return (
      <TestBox
        key={search.test}
        like={byKey(search.test)}
        over={search.over}
        setOver={(over) => show({ over })}
        back={() => show({ test: undefined, over: undefined })}
      />
    );
  }
  const picked = byKey(search.rule);
  const levels = LEVELS.map(([level]) => ({
    value: level,
    label: `${label(level)} (${count(rules.filter((rule) => rule.level === level).length)})`,
  }));
  return (
    <Page
      title="Rules"
      lead={
        query.data
          ? `${plural(rules.length, "rule")} in force, ${query.data.mistakes.length === 0 ? "none" : count(query.data.mistakes.length)} broken`
          : "What is looked for in every event"
      }
      actions={
        <Button
          leftSection={<IconFlask size={16} />}
          rightSection={<Kbd size="xs">T</Kbd>}
          onClick={() => test()}
          size="sm"
        >
          Try a rule
        </Button>
      }
    >
      <Asked
        query={query}
        loading={<Loading rows={10} />}
        empty={(all) => (all.items.length + all.mistakes.length === 0 ? <NoRules /> : undefined)}
      >
        {({ items, mistakes }) => {
          const found = sorted(matching(items, search.text ?? "", search.level), sortOf(search.sort));
          return (
            <>
              {mistakes.length > 0 && (
                <Section title="Not in force">
                  <Broken mistakes={mistakes.map(mistakeOf)} />
                </Section>
              )}
              <Section
                title="In force"
                aside={
                  <Group gap="xs">
                    <TextInput
                      ref={find}
                      size="xs"
                      w={{ base: 150, sm: 260 }}
                      aria-label="Find a rule by title, tag, log source, file or id"
                      placeholder="Find a rule ( / )"
                      leftSection={<IconSearch size={14} />}
                      value={search.text ?? ""}
                      onChange={(e) => show({ text: e.currentTarget.value || undefined })}
                    />
                    <Select
                      size="xs"
                      w={160}
                      aria-label="Level"
                      placeholder="All levels"
                      data={levels}
                      value={search.level ?? null}
                      onChange={(level) => show({ level: level ?? undefined })}
                      clearable
                    />
                  </Group>
                }
              >
                {found.length === 0 ? (
                  <Empty title="No rule is like that">
                    <Button
                      variant="default"
                      size="xs"
                      mt="xs"
                      onClick={() => show({ text: undefined, level: undefined })}
                    >
                      Show all of them
                    </Button>
                  </Empty>
                ) : (
                  <RuleTable
                    rules={found}
                    sort={sortOf(search.sort)}
                    sortBy={(by) => show({ sort: nextSort(sortOf(search.sort), by) })}
                    open={(rule) => show({ rule: ruleKey(rule) })}
                  />
                )}
                <Text size="xs" c="dimmed" mt={4}>
                  {found.length < items.length && `${count(found.length)} of ${count(items.length)} shown. `}
                  Hits are findings since the server started. Cost is measured: microseconds for an event that the rule
                  was tried on.
                </Text>
              </Section>
            </>
          );
        }}
      </Asked>
      {help && <KeysHelp list={KEYS} close={() => setHelp(false)} />}
      {picked && (
        <RuleDrawer
          rule={picked}
          all={rules}
          close={() => show({ rule: undefined })}
          test={() => test(ruleKey(picked))}
        />
      )}
    </Page>
  );
}

function NoRules() {
  return (
    <Empty mood="blind" title="No rule is in force">
      Events are kept, and nothing is looked for in them: there will be no alerts.
      <Box mt="xs">Set rules.builtin = true, or name folders with rules under [rules] in the configuration.</Box>
    </Empty>
  );
}
