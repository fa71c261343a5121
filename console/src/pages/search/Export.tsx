/** The whole answer as a file: the question is asked once more, with all the rows that the server gives. */
import { Button, Group, Menu, Modal, Text } from "@mantine/core";
import { IconBraces, IconDownload, IconTable } from "@tabler/icons-react";
import { useEffect, useRef, useState } from "react";
import { csv, download } from "../../lib/csv";
import { plural } from "../../lib/format";
import { Elapsed } from "./Elapsed";
import { explain } from "./problems";
import { askSql } from "./run";

/** More than any server gives: its own limit decides. */
const ALL = 1_000_000;

type Stage =
  | { is: "asking"; format: "csv" | "json" }
  | { is: "done"; name: string; rows: number; truncated: boolean }
  | { is: "failed"; title: string; what: string; advice: string[] };

const fileName = (format: string): string =>
  `ringfence-search-${new Date().toISOString().slice(0, 19).replaceAll(":", "-")}.${format}`;

export function Export({
  sql,
  disabled,
  opened,
  setOpened,
}: {
  sql: string;
  disabled: boolean;
  opened: boolean;
  setOpened: (opened: boolean) => void;
}) {
  const [stage, setStage] = useState<Stage | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const close = () => {
    running.current?.abort();
    setStage(null);
  };
  const start = async (format: "csv" | "json") => {
    const stop = new AbortController();
    running.current?.abort();
    running.current = stop;
    setStage({ is: "asking", format });
    try {
      const { table, text } = await askSql(sql, ALL, stop.signal);
      if (stop.signal.aborted) return;
      const name = fileName(format);
      if (format === "csv")
        download(
          name,
          "text/csv;charset=utf-8",
          csv(
            table.columns.map((c) => c.name),
            table.rows,
          ),
        );
      else download(name, "application/json", text);
      setStage({ is: "done", name, rows: table.rows.length, truncated: table.truncated });
    } catch (error) {
      if (!stop.signal.aborted) setStage({ is: "failed", ...explain(error) });
    }
  };
  return (
    <>
      <Menu
        position="bottom-end"
        opened={opened}
        onChange={setOpened}
        width={280}
        withinPortal={false}
        withInitialFocusPlaceholder={false}
      >
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconDownload size={15} aria-hidden="true" />}
            disabled={disabled}
            aria-keyshortcuts="e"
          >
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>All rows of this search, the columns that are shown</Menu.Label>
          <Menu.Item leftSection={<IconTable size={16} />} onClick={() => void start("csv")}>
            CSV, for spreadsheets
          </Menu.Item>
          <Menu.Item leftSection={<IconBraces size={16} />} onClick={() => void start("json")}>
            JSON, for programs
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {stage && (
        <Modal
          opened
          onClose={close}
          title={stage.is === "asking" ? "Exporting" : stage.is === "done" ? "Exported" : stage.title}
          size="md"
        >
          <div role="status">
            {stage.is === "asking" && (
              <Text size="sm">
                All rows are asked for as {stage.format.toUpperCase()}. <Elapsed />
              </Text>
            )}
            {stage.is === "done" && (
              <>
                <Text size="sm">
                  {plural(stage.rows, "row")} in <span className="rf-mono">{stage.name}</span>.
                </Text>
                {stage.truncated && (
                  <Text size="sm" mt="xs" fw={600}>
                    These are not all: the server&apos;s own limit cut the answer. Choose a shorter time and export it
                    in parts, or have rows under [query] raised in the configuration.
                  </Text>
                )}
              </>
            )}
            {stage.is === "failed" && (
              <>
                <Text size="sm" className="rf-outside">
                  {stage.what}
                </Text>
                <ul>
                  {stage.advice.map((advice) => (
                    <li key={advice}>
                      <Text size="sm">{advice}</Text>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
          <Group justify="flex-end" mt="md">
            <Button variant="default" onClick={close} data-autofocus>
              {stage.is === "asking" ? "Cancel" : "Close"}
            </Button>
          </Group>
        </Modal>
      )}
    </>
  );
}
