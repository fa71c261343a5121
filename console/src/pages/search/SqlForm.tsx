/** Searching by SQL: an editor, the questions that others have too, and what is wrong with the text. */
import { Button, Group, Menu, Paper, Skeleton, Text } from "@mantine/core";
import { IconAlertTriangle, IconArrowBackUp, IconBulb, IconPlayerPlay } from "@tabler/icons-react";
import { lazy, type RefObject, Suspense, useState } from "react";
import { EXAMPLES } from "./dialect";
import type { Said } from "./problems";
import { useRunKey } from "./useRunKey";

const SqlEditor = lazy(() => import("./SqlEditor"));

export function SqlForm({
  sql,
  run,
  said,
  fromSimple,
  focus,
}: {
  /** The SQL that was asked. */
  sql: string;
  run: (sql: string) => void;
  /** What is wrong with it, where the server did not understand it. */
  said: Said | undefined;
  /** Takes the SQL of the simple search. */
  fromSimple: () => void;
  focus: RefObject<{ focus: () => void } | null>;
}) {
  const [draft, setDraft] = useState(sql);
  const [seen, setSeen] = useState(sql);
  if (seen !== sql) {
    setSeen(sql);
    setDraft(sql);
  }
  useRunKey(() => run(draft));
  const changed = draft !== sql;
  const wrong = changed ? undefined : said;
  return (
    <section aria-label="SQL">
      <Suspense fallback={<Skeleton height={122} radius="md" role="status" aria-label="Loading the editor" />}>
        <SqlEditor value={draft} onChange={setDraft} onRun={run} place={wrong?.place} ref={focus} />
      </Suspense>
      {wrong && (
        <Paper role="alert" px="sm" py={6} mt={6} style={{ borderColor: "var(--mantine-color-red-6)" }}>
          <Group gap={8} wrap="nowrap" align="flex-start">
            <Text c="red.7" span lh={0} pt={3}>
              <IconAlertTriangle size={16} aria-hidden="true" />
            </Text>
            <Text size="sm" className="rf-outside" style={{ whiteSpace: "pre-wrap", minWidth: 0 }}>
              {wrong.place && (
                <Text span fw={600}>
                  Line {wrong.place.line}, column {wrong.place.column}:{" "}
                </Text>
              )}
              {wrong.what}
            </Text>
          </Group>
        </Paper>
      )}
      <Group gap="xs" mt={6} justify="space-between">
        <Group gap="xs">
          <Menu position="bottom-start" width={320} withinPortal={false} withInitialFocusPlaceholder={false}>
            <Menu.Target>
              <Button size="compact-sm" variant="transparent" leftSection={<IconBulb size={15} aria-hidden="true" />}>
                Examples
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {EXAMPLES.map((example) => (
                <Menu.Item key={example.name} onClick={() => run(example.sql)}>
                  {example.name}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconArrowBackUp size={15} aria-hidden="true" />}
            onClick={fromSimple}
          >
            From the simple search
          </Button>
        </Group>
        <Group gap="xs">
          {changed && (
            <Text size="xs" c="dimmed" role="status">
              Changed, not run yet
            </Text>
          )}
          <Button
            leftSection={<IconPlayerPlay size={15} aria-hidden="true" />}
            onClick={() => run(draft)}
            disabled={draft.trim() === ""}
            aria-keyshortcuts="Control+Enter"
          >
            Run
          </Button>
        </Group>
      </Group>
    </section>
  );
}
