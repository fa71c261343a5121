/** One alert: all that a person needs to judge it. */
import { Alert as Notice, Box, Grid } from "@mantine/core";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { useCallback, useMemo, useRef, useState } from "react";
import { Problem } from "../../api/client";
import { type AlertDetail, alertQuery, findingsQuery, rulesQuery } from "../../api/queries";
import { useKeys } from "../../app/keys";
import { useSession } from "../../app/session";
import { plural } from "../../lib/format";
import { type KeyList, KeysHelp } from "../../ui/KeysHelp";
import { Page, Section } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { AssignDialog } from "../alerts/AssignDialog";
import { CloseDialog } from "../alerts/CloseDialog";
import { neighboursOf, wayBack } from "../alerts/neighbours";
import { Activity } from "./Activity";
import { Around } from "./Around";
import { Findings } from "./Findings";
import { Actions, Crumbs, Standing } from "./Head";
import { Before, Similar } from "./Similar";
import { Steps } from "./Steps";
import { Why } from "./Why";
import { activityOf } from "./activity";
import { type SpanChoice, spanOf, usualSpan } from "./around";
import { type Finding, evidenceOf, readFinding } from "./finding";
import { useEdit } from "./useEdit";

const route = getRouteApi("/alerts/$id");

const KEYS: KeyList = [
  ["e", "Close with a verdict, or change the verdict"],
  ["a", "Assign"],
  ["t", "Take it: assign to me"],
  ["u", "Acknowledge"],
  ["n", "Write a note"],
  ["j k", "Next, previous alert of the list"],
  ["Esc", "Back to the list"],
  ["?", "This help"],
];

export function AlertPage() {
  const { id } = route.useParams();
  const query = useQuery(alertQuery(id));
  if (query.error instanceof Problem && query.error.status === 404 && !query.data) {
    return (
      <Page title="Alert">
        <Empty title="There is no such alert">
          It was deleted after its time, or it belongs to a program that you do not see.
        </Empty>
      </Page>
    );
  }
  if (!query.data) {
    return (
      <Page title="Alert">
        <Asked query={query} loading={<Loading rows={8} height={56} />}>
          {() => null}
        </Asked>
      </Page>
    );
  }
  // What is typed or picked belongs to one alert.
  return <One key={id} detail={query.data} />;
}

function One({ detail }: { detail: AlertDetail }) {
  const { alert } = detail;
  const { id } = alert;
  const me = useSession().name;
  const search = route.useSearch();
  const navigate = useNavigate();
  const stay = route.useNavigate();
  const note = useRef<HTMLTextAreaElement>(null);
  const [dialog, setDialog] = useState<"close" | "assign" | "keys">();
  const [near] = useState(() => neighboursOf(id));
  const edit = useEdit(id);
  const rules = useQuery(rulesQuery);
  const kept = useInfiniteQuery(findingsQuery(id));

  const findings = useMemo<readonly Finding[] | undefined>(
    () => kept.data?.pages.flatMap((page) => page.items.map(readFinding)),
    [kept.data],
  );
  // The newest ones come with the alert, so that the reasons need not wait.
  const first = useMemo(() => detail.findings.map(readFinding), [detail.findings]);
  const known = findings ?? first;
  const evidence = useMemo(() => evidenceOf(known), [known]);
  const severities = useMemo(() => new Map(detail.rules.map((r) => [r.rule_id, r.severity_id])), [detail.rules]);
  const severity = useCallback((rule: string) => severities.get(rule) ?? 3, [severities]);
  const titles = useMemo(() => new Map(detail.rules.map((r) => [r.rule_id, r.title])), [detail.rules]);
  const entries = useMemo(
    () => activityOf(detail.notes, detail.history, (rule) => titles.get(rule)),
    [detail.notes, detail.history, titles],
  );

  const set = useCallback(
    (change: { span?: SpanChoice; only?: boolean; picked?: string }) =>
      void stay({
        search: (was) => ({
          ...was,
          ...(change.span ? { span: change.span } : {}),
          ...(change.picked ? { event: change.picked } : {}),
          ...(change.only === undefined ? {} : { show: change.only ? "evidence" : undefined }),
        }),
        replace: true,
        resetScroll: false,
      }),
    [stay],
  );
  const span: SpanChoice = search.span === "last" || search.span === "story" ? search.span : usualSpan(alert);
  const around = useRef<HTMLDivElement>(null);
  const pick = (finding: Finding, picked: string) => {
    const outside = finding.time_ms < spanOf(alert, span).from_ms;
    set({ picked, ...(outside ? { span: "story" } : {}) });
    around.current?.scrollIntoView({ block: "start" });
  };
  const open = (to: string | undefined) => to && void navigate({ to: "/alerts/$id", params: { id: to } });
  const take = () => edit.go({ action: "assign", assignee: me });
  const acknowledge = () => alert.status === "open" && edit.go({ action: "acknowledge" });

  useKeys({
    e: () => setDialog("close"),
    a: () => setDialog("assign"),
    t: take,
    u: acknowledge,
    n: () => note.current?.focus(),
    j: () => open(near?.next),
    k: () => open(near?.previous),
    Escape: () => void navigate({ to: "/alerts", search: wayBack(id) }),
    "?": () => setDialog("keys"),
  });

  return (
    <Box>
      <Box px={{ base: "sm", sm: "lg" }} pt="sm" maw={1680} mx="auto" mb={-10}>
        <Crumbs alert={alert} near={near} />
      </Box>
      <Page
        title={alert.message || alert.title}
        actions={
          <Actions
            alert={alert}
            does={{
              acknowledge,
              assign: () => setDialog("assign"),
              close: () => setDialog("close"),
              reopen: () => edit.go({ action: "reopen" }),
            }}
          />
        }
      >
        {edit.wrong !== undefined && (
          <Notice color="red" role="alert" mb="md" withCloseButton onClose={edit.forget} title="Not done">
            {edit.wrong}
          </Notice>
        )}
        <Standing alert={alert} take={take} />
        <Before alert={alert} />
        <Grid gap="lg" mt="lg">
          <Grid.Col span={{ base: 12, lg: 8 }}>
            <Section title="Why it fired">
              <Why
                rules={detail.rules}
                lead={alert.rule_id}
                findings={known}
                complete={findings !== undefined}
                about={(rule) => rules.data?.items.find((r) => (r.id ?? r.name) === rule)}
              />
            </Section>
            <Section title="First steps">
              <Steps id={id} steps={alert.first_steps} />
            </Section>
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 4 }}>
            <Section title="Notes and history">
              <Activity entries={entries} field={note} add={(text, key) => edit.run({ action: "note", text, key })} />
            </Section>
          </Grid.Col>
        </Grid>
        <div ref={around} style={{ scrollMarginTop: 64 }}>
          <Section title="What happened around it">
            <Around
              alert={alert}
              evidence={evidence}
              severity={severity}
              span={span}
              only={search.show === "evidence"}
              picked={search.event}
              set={set}
            />
          </Section>
        </div>
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <Section title={plural(alert.finding_count, "finding")}>
              <Findings
                findings={known}
                total={alert.finding_count}
                picked={search.event}
                pick={pick}
                more={{
                  there: kept.hasNextPage,
                  loading: kept.isFetchingNextPage,
                  load: () => void kept.fetchNextPage(),
                }}
              />
            </Section>
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <Section title="Like this one">
              <Similar alert={alert} />
            </Section>
          </Grid.Col>
        </Grid>
      </Page>
      {dialog === "keys" && <KeysHelp list={KEYS} close={() => setDialog(undefined)} />}
      {dialog === "close" && (
        <CloseDialog
          what="this alert"
          quote={alert.message}
          {...(alert.verdict ? { was: { verdict: alert.verdict, reason: alert.verdict_reason ?? "" } } : {})}
          submit={edit.run}
          close={() => setDialog(undefined)}
        />
      )}
      {dialog === "assign" && (
        <AssignDialog
          what="this alert"
          was={alert.assignee}
          submit={(assignee) => edit.run({ action: "assign", assignee })}
          close={() => setDialog(undefined)}
        />
      )}
    </Box>
  );
}
