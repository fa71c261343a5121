/** The list of alerts: what is to judge, worst first. */
import { Group, Text } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { getRouteApi } from "@tanstack/react-router";
import { useCallback, useMemo, useRef } from "react";
import { count } from "../../lib/format";
import { Page } from "../../ui/Page";
import { SeverityShape, severityWord } from "../../ui/Severity";
import { AlertList } from "./AlertList";
import { FilterBar, useFacets } from "./FilterBar";
import { SavedViews } from "./SavedViews";
import { type AlertSearch, type View, readSearch, writeSearch } from "./filter";

const route = getRouteApi("/alerts");

export function Alerts() {
  const { at, ...rest } = route.useSearch();
  const navigate = route.useNavigate();
  const narrow = useMediaQuery("(max-width: 48em)", undefined, { getInitialValueInEffect: false });
  const field = useRef<HTMLInputElement>(null);
  // Where the cursor is changes no rows: the view stays the same object.
  const key = JSON.stringify(writeSearch(readSearch(rest)));
  const view = useMemo(() => readSearch(JSON.parse(key) as AlertSearch), [key]);
  const go = useCallback(
    (search: AlertSearch, replace = false) => navigate({ search, replace, resetScroll: false }),
    [navigate],
  );
  const set = useCallback(
    (change: Partial<View>, typing = false) => void go(writeSearch({ ...view, ...change }), typing),
    [go, view],
  );
  const views = <SavedViews search={rest} go={(search) => void go(search)} />;
  return (
    <Page title="Alerts" fill lead={<Counts view={view} />} actions={narrow ? undefined : views}>
      <FilterBar narrow={narrow} views={narrow && views} field={field} view={view} set={set} />
      <AlertList view={view} at={at} go={go} toFilter={() => field.current?.focus()} />
    </Page>
  );
}

/** What is not closed, by severity. */
function Counts({ view }: { view: View }) {
  const { severities } = useFacets(view);
  const there = [6, 5, 4, 3, 2, 1, 0].filter((id) => (severities[id] ?? 0) > 0);
  if (there.length === 0) return null;
  return (
    <Group gap="sm" component="span" aria-label="Not closed, by severity" role="group">
      {there.map((id) => (
        <Group key={id} gap={4} wrap="nowrap" component="span">
          <SeverityShape id={id} size={12} />
          <Text span size="sm" className="rf-num" inherit>
            {count(severities[id] ?? 0)} {severityWord(id).toLowerCase()}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
