/** The conditions of a simple search, each to be changed or taken away. */
import { Button, CloseButton, Group, Popover, Switch, Tooltip, UnstyledButton } from "@mantine/core";
import { IconAlertTriangle, IconFilterPlus } from "@tabler/icons-react";
import { useState } from "react";
import { simpleSource, wrongWith } from "./build";
import { FilterForm } from "./FilterForm";
import classes from "./Search.module.css";
import { type Filter, type State, withFilter } from "./state";
import type { Go } from "./useSearchState";
import { filterWords } from "./words";

export function Filters({ state, at, ready, go }: { state: State; at: number; ready: boolean; go: Go }) {
  const set = (filters: Filter[]) => go({ filters });
  /** Suggestions leave out the condition that is being changed: it would hide all other values. */
  const without = (i: number) =>
    ready ? simpleSource({ ...state, filters: state.filters.toSpliced(i, 1) }, at) : undefined;
  return (
    <Group gap={6} aria-label="Filters" role="group">
      {state.filters.map((filter, i) => (
        <Chip
          key={filterWords(filter)}
          filter={filter}
          remove={() => set(state.filters.toSpliced(i, 1))}
          form={(close) => (
            <FilterForm
              filter={filter}
              source={without(i)}
              at={at}
              done={(next) => {
                close();
                set(state.filters.with(i, next));
              }}
              remove={() => {
                close();
                set(state.filters.toSpliced(i, 1));
              }}
            />
          )}
        />
      ))}
      <Pop
        target={(toggle) => (
          <Button
            size="compact-sm"
            variant="transparent"
            leftSection={<IconFilterPlus size={15} aria-hidden="true" />}
            onClick={toggle}
          >
            Add filter
          </Button>
        )}
      >
        {(close) => (
          <FilterForm
            source={ready ? simpleSource(state, at) : undefined}
            at={at}
            done={(next) => {
              close();
              set(withFilter(state.filters, next));
            }}
          />
        )}
      </Pop>
      {state.filters.length > 1 && (
        <Button size="compact-sm" variant="subtle" color="gray" onClick={() => set([])}>
          Remove all
        </Button>
      )}
      <Tooltip label="What the calls say of an event may come later. Such facts are rows of their own, which only repeat the event.">
        <Switch
          size="xs"
          ml="auto"
          label="Rows of later call facts"
          checked={state.revisions}
          onChange={(event) => go({ revisions: event.currentTarget.checked })}
        />
      </Tooltip>
    </Group>
  );
}

function Pop({
  target,
  children,
}: {
  target: (toggle: () => void) => React.ReactElement;
  children: (close: () => void) => React.ReactNode;
}) {
  const [opened, setOpened] = useState(false);
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-start" width={300} trapFocus returnFocus shadow="md">
      <Popover.Target>{target(() => setOpened((o) => !o))}</Popover.Target>
      <Popover.Dropdown aria-label="Filter">{opened && children(() => setOpened(false))}</Popover.Dropdown>
    </Popover>
  );
}

function Chip({
  filter,
  remove,
  form,
}: {
  filter: Filter;
  remove: () => void;
  form: (close: () => void) => React.ReactNode;
}) {
  const words = filterWords(filter);
  const wrong = wrongWith(filter);
  return (
    <span className={classes["chip"]} data-wrong={wrong === undefined ? undefined : ""}>
      <Pop
        target={(toggle) => (
          <UnstyledButton
            onClick={toggle}
            className={classes["chipText"]}
            aria-label={`Change the filter: ${words}`}
            title={wrong === undefined ? words : `${words}: ${wrong}`}
          >
            {wrong !== undefined && <IconAlertTriangle size={13} aria-hidden="true" />}
            <span className="rf-clip rf-outside">{words}</span>
          </UnstyledButton>
        )}
      >
        {form}
      </Pop>
      <CloseButton size="xs" onClick={remove} aria-label={`Remove the filter: ${words}`} />
    </span>
  );
}
