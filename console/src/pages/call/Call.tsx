/** The whole story of one call. */
import { Alert, Anchor, Button, Group, Stack, Switch, Tabs, Text } from "@mantine/core";
import { IconInfoCircle, IconSearch } from "@tabler/icons-react";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import type { Timeline, TimelineEvent } from "../../api/queries";
import { count, plural } from "../../lib/format";
import { CLASS, laneOf } from "../../lib/say";
import { quoted } from "../../lib/sql";
import { AlertLines } from "../../ui/AlertLines";
import { Copy } from "../../ui/Copyable";
import { shortCall } from "../../ui/EntityChip";
import { EvidenceList, LaneFilter, lanesOf } from "../../ui/EvidenceList";
import { Page, Section } from "../../ui/Page";
import { Asked } from "../../ui/States";
import { TimeAxis } from "../../ui/TimeAxis";
import { Lead, Lights, People } from "./CallHead";
import { CallSkeleton } from "./CallSkeleton";
import { LadderView } from "./LadderView";
import { UnknownCall } from "./UnknownCall";
import { sentenceOf } from "./sentence";
import { flagOf, stretchesOf } from "./stretches";
import { lightsOf } from "./trust";
import { MOST_EVENTS, useCallAlerts, useStory, useTimeline } from "./useCall";

export function CallPage() {
  const { uid } = useParams({ from: "/calls/$uid" });
  const query = useTimeline(uid);
  // The call before stays in place of an answer: it is another call's story.
  const data = query.isPlaceholderData ? undefined : query.data;
  if (data && data.items.length > 0) return <Told key={uid} uid={uid} timeline={data} />;
  return (
    <Page title={`Call ${shortCall(uid).replace(/^call /, "")}`}>
      <Asked query={{ ...query, data }} loading={<CallSkeleton />}>
        {() => <UnknownCall uid={uid} />}
      </Asked>
    </Page>
  );
}

const allOf = (uid: string) => ({
  mode: "sql",
  sql: `SELECT time, class_name, activity_name, message, agent, customer, caller, src_ip\nFROM events\nWHERE call_uid = ${quoted(uid)} AND class_uid <> 0\nORDER BY time`,
});

function Told({ uid, timeline }: { uid: string; timeline: Timeline }) {
  const search = useSearch({ from: "/calls/$uid" });
  const navigate = useNavigate({ from: "/calls/$uid" });
  const withAround = search.around !== "0";
  const own = timeline.items;
  const { story, events } = useStory(own, withAround);
  const alerts = useCallAlerts(story, own, uid);
  const lights = useMemo(() => lightsOf(story, own), [story, own]);
  const messages = useMemo(() => own.filter((e) => e.class_uid === CLASS.signalling), [own]);
  const view = search.view === "ladder" && messages.length > 0 ? "ladder" : "story";
  const change = useCallback(
    (next: Partial<typeof search>) =>
      void navigate({ search: (was) => ({ ...was, ...next }), replace: true, resetScroll: false }),
    [navigate],
  );
  const pick = useCallback((event: TimelineEvent) => change({ event: event.event_id }), [change]);
  return (
    <Page
      title={sentenceOf(story)}
      lead={<Lead story={story} />}
      actions={
        <>
          <Copy text={uid} what="call id" />
          <Button
            size="xs"
            variant="default"
            leftSection={<IconSearch size={14} />}
            renderRoot={(props) => <Link to="/search" search={allOf(uid)} {...props} />}
          >
            Search its events
          </Button>
        </>
      }
    >
      <Stack gap="sm" mb="md">
        {alerts.length > 0 && (
          <Section title={`${plural(alerts.length, "open alert")} of this call`}>
            <AlertLines alerts={alerts.slice(0, 5)} />
          </Section>
        )}
        <Lights lights={lights} />
        <People story={story} />
        {timeline.truncated && <Truncated uid={uid} />}
      </Stack>
      <Tabs
        value={view}
        onChange={(next) => change({ view: next === "ladder" ? next : undefined })}
        keepMounted={false}
      >
        <Tabs.List mb="sm">
          <Tabs.Tab value="story">Story</Tabs.Tab>
          <Tabs.Tab value="ladder" disabled={messages.length === 0}>
            SIP ladder{" "}
            <Text span size="xs" c="dimmed" className="rf-num">
              {messages.length === 0 ? "no message seen" : count(messages.length)}
            </Text>
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="story">
          <StoryView
            story={story}
            events={events}
            search={search}
            change={change}
            pick={pick}
            withAround={withAround}
          />
        </Tabs.Panel>
        <Tabs.Panel value="ladder">
          <LadderView
            events={messages}
            picked={search.event}
            hideAgain={search.again === "0"}
            onPick={pick}
            onHideAgain={(hide) => change({ again: hide ? "0" : undefined })}
          />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}

interface Search {
  event?: string | undefined;
  view?: string | undefined;
  lane?: string | undefined;
  around?: string | undefined;
  again?: string | undefined;
}

function StoryView({
  story,
  events,
  search,
  change,
  pick,
  withAround,
}: {
  story: ReturnType<typeof useStory>["story"];
  events: TimelineEvent[];
  search: Search;
  change: (next: Search) => void;
  pick: (event: TimelineEvent) => void;
  withAround: boolean;
}) {
  const stretches = useMemo(() => stretchesOf(story), [story]);
  const lanes = useMemo(() => lanesOf(search.lane), [search.lane]);
  const listed = useMemo(
    () => (lanes.length === 0 ? events : events.filter((e) => lanes.includes(laneOf(e)))),
    [events, lanes],
  );
  const others = useMemo(() => events.filter((e) => flagOf(e) !== undefined).length, [events]);
  return (
    <>
      <TimeAxis
        events={events}
        stretches={stretches}
        picked={search.event}
        onPick={pick}
        flagOf={flagOf}
        label="Everything that touched this call"
      />
      <Group justify="space-between" gap="sm" mt="md" mb="xs">
        <LaneFilter
          events={events}
          lanes={lanes}
          onChange={(next) => change({ lane: next.length > 0 ? next.join(",") : undefined })}
        />
        {story.parts.length > 0 && (
          <Switch
            size="sm"
            checked={withAround}
            onChange={(e) => change({ around: e.currentTarget.checked ? undefined : "0" })}
            label="With what its agents did 2 min before and after"
          />
        )}
      </Group>
      {others > 0 && (
        <Text size="sm" mb="xs">
          {plural(others, "look-up")} of another customer&apos;s record during or soon after this call, marked with a
          diamond.
        </Text>
      )}
      <EvidenceList
        events={listed}
        picked={search.event}
        onPick={pick}
        hide={["call"]}
        flagOf={flagOf}
        label="Events of this call in the order of time. J and K walk, O opens."
      />
    </>
  );
}

function Truncated({ uid }: { uid: string }) {
  return (
    <Alert variant="light" color="gray" icon={<IconInfoCircle />} role="status">
      The first {count(MOST_EVENTS)} events of this call are shown; there are more.{" "}
      <Anchor size="sm" renderRoot={(props) => <Link to="/search" search={allOf(uid)} {...props} />}>
        Search all of them
      </Anchor>
      .
    </Alert>
  );
}
