/** Calls that go on now, and those of the last while. */
import { CloseButton, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useRef } from "react";
import { liveCallsQuery } from "../../api/queries";
import { useKeys } from "../../app/keys";
import { plural } from "../../lib/format";
import { Page, Section } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { LiveCalls, NoLiveCall } from "./LiveCalls";
import { RecentCalls } from "./RecentCalls";
import { LASTS, LAST_WORDS, lastOf, names } from "./recent";

export function Calls() {
  const search = useSearch({ from: "/calls" });
  const navigate = useNavigate({ from: "/calls" });
  const live = useQuery(liveCallsQuery);
  const box = useRef<HTMLInputElement>(null);
  const text = search.text ?? "";
  const last = lastOf(search.last);
  // A question in SQL waits until the typing has settled.
  const [asked] = useDebouncedValue(text, 300);
  const change = (next: Partial<typeof search>) =>
    void navigate({ search: (was) => ({ ...was, ...next }), replace: true, resetScroll: false });
  useKeys({ "/": () => box.current?.focus() });
  const items = live.data?.items ?? [];
  const shown = items.filter((call) => names(call, text));
  return (
    <Page
      title="Calls"
      lead="Calls going on now, and those that began in the last while."
      actions={
        <TextInput
          ref={box}
          w={{ base: "calc(100vw - 24px)", xs: 320 }}
          aria-label="Only calls that name this agent, customer, number or site"
          placeholder="Agent, customer, number, site  ( / )"
          leftSection={<IconSearch size={15} />}
          rightSection={
            text !== "" && <CloseButton size="sm" aria-label="Clear" onClick={() => change({ text: undefined })} />
          }
          value={text}
          maxLength={128}
          onChange={(e) => change({ text: e.currentTarget.value === "" ? undefined : e.currentTarget.value })}
        />
      }
    >
      <Section
        title="Going on now"
        aside={
          items.length > 0 && (
            <Text size="sm" c="dimmed">
              {shown.length < items.length ? `${shown.length} of ${items.length} calls` : plural(items.length, "call")}
            </Text>
          )
        }
      >
        <Asked
          query={live}
          loading={<Loading rows={4} height={34} />}
          empty={(data) => data.items.length === 0 && <NoLiveCall />}
        >
          {() =>
            shown.length === 0 ? (
              <Empty title="No call that goes on names this">Clear the filter to see all of them.</Empty>
            ) : (
              <LiveCalls calls={shown} />
            )
          }
        </Asked>
      </Section>
      <Section
        title="Recent calls"
        aside={
          <SegmentedControl
            size="xs"
            aria-label="How far back"
            value={last}
            onChange={(next) => change({ last: next === "1h" ? undefined : next })}
            data={LASTS.map((value) => ({ value, label: LAST_WORDS[value] }))}
          />
        }
      >
        <RecentCalls key={last} last={last} text={asked} wider={(next) => change({ last: next })} />
      </Section>
    </Page>
  );
}
