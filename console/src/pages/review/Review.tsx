/** One access review: every role that is in it, decided by keyboard or mouse, and signed. */
import { Button, Group, Kbd, Progress, SegmentedControl, Text, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { reviewQuery, reviewsQuery } from "../../api/queries";
import { useKeys } from "../../app/keys";
import { useMay, useSession } from "../../app/session";
import { Fresh } from "../../app/SignInAgain";
import { brief, plural } from "../../lib/format";
import { step } from "../../lib/rows";
import { KeysHelp } from "../../ui/KeysHelp";
import { Notice } from "../../ui/Notice";
import { Page } from "../../ui/Page";
import { SayWhy } from "../../ui/SayWhy";
import { Asked, Empty, Loading } from "../../ui/States";
import { Wrong } from "../../ui/Wrong";
import { StateOf } from "../reviews/Reviews";
import { Items } from "./Items";
import { KEYS } from "./keys";
import { type Item, SHOWS, matching, mayConfirm, mayTake, showOf } from "./model";

type One = Schemas["ReviewWithItems"];

/** Roles that one request decides at most. */
const MOST = 500;

export function ReviewPage() {
  const { id } = useParams({ from: "/reviews/$id" });
  const query = useQuery(reviewQuery(id));
  const review = query.data?.review;
  return (
    <Page title={review ? brief(review.why, 128) : "A review"} lead={review && <StateOf review={review} />}>
      <Asked query={query} loading={<Loading rows={8} />}>
        {(one) => <Body one={one} />}
      </Asked>
    </Page>
  );
}

function Body({ one: { review, items } }: { one: One }) {
  const search = useSearch({ from: "/reviews/$id" });
  const navigate = useNavigate({ from: "/reviews/$id" });
  const client = useQueryClient();
  const me = useSession().id;
  const signs = useMay("review:sign") && review.ended_ms === null;
  const find = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [taking, setTaking] = useState<Item[]>();
  const [signing, setSigning] = useState(false);
  const [help, setHelp] = useState(false);
  const show = showOf(search.show);
  const shown = matching(items, show, search.text ?? "");
  const address = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true });
  /** One request after the other, as each takes so many; what was done before one fails stays done. */
  const decide = async (verdict: "confirm" | "take", what: Item[], note = "") => {
    let done = 0;
    try {
      while (done < what.length) {
        const some = what.slice(done, done + MOST);
        const body = { verdict, items: some.map((item) => item.id), note };
        const path = { id: review.id };
        const answer = await ask(api.POST("/api/v1/reviews/{id}/decide", { params: { path }, body }));
        client.setQueryData(reviewQuery(review.id).queryKey, answer);
        done += some.length;
      }
      setChosen(new Set());
    } catch (error) {
      if (done === 0 || !(error instanceof Error)) throw error;
      setChosen(new Set(what.slice(done).map((item) => item.id)));
      throw new Error(`${done} of ${plural(what.length, "role")} are done, the others not: ${error.message}`, {
        cause: error,
      });
    } finally {
      void client.invalidateQueries({ queryKey: reviewsQuery.queryKey, exact: true });
    }
  };
  const confirm = useMutation({ mutationFn: (what: Item[]) => decide("confirm", what) });
  /** What a key or a button is about: what is chosen, else where the focus is. */
  const meant = (may: (item: Item, me: string) => boolean): Item[] => {
    const here = document.activeElement?.getAttribute("data-item");
    const ids = chosen.size > 0 ? chosen : new Set(here ? [here] : []);
    return shown.filter((item) => ids.has(item.id) && may(item, me));
  };
  const confirms = () => {
    const what = meant(mayConfirm);
    if (signs && what.length > 0) confirm.mutate(what);
  };
  const takes = () => {
    const what = meant(mayTake);
    if (signs && what.length > 0) setTaking(what);
  };
  const open = shown.filter((item) => mayTake(item, me));
  const all = () => setChosen(chosen.size > 0 ? new Set() : new Set(open.map((item) => item.id)));
  useKeys({
    "/": () => find.current?.focus(),
    j: () => step("[data-item]", 1),
    k: () => step("[data-item]", -1),
    "?": () => setHelp(true),
    ...(signs ? { a: all, c: confirms, t: takes } : {}),
  });
  const done = items.length - review.undecided;
  const toConfirm = shown.filter((item) => chosen.has(item.id) && mayConfirm(item, me));
  const toTake = shown.filter((item) => chosen.has(item.id) && mayTake(item, me));
  return (
    <>
      <Group gap="sm" mb="sm" align="center">
        <Progress
          value={items.length === 0 ? 100 : (done / items.length) * 100}
          w={{ base: "100%", xs: 240 }}
          color="green.8"
          aria-label="How much is decided"
        />
        <Text size="sm" role="status">
          {done} of {plural(items.length, "role")} decided
        </Text>
        {signs && review.undecided === 0 && <Button onClick={() => setSigning(true)}>Sign the review…</Button>}
      </Group>
      {review.note !== "" && (
        <Notice title={`Whoever signed says`}>
          <span className="rf-outside">{brief(review.note, 500)}</span>
        </Notice>
      )}
      <Group gap="xs" mb="xs">
        <TextInput
          ref={find}
          size="xs"
          w={{ base: "100%", xs: 220 }}
          aria-label="Find a role by who holds it, what it is or why"
          placeholder="Find a role ( / )"
          leftSection={<IconSearch size={14} />}
          value={search.text ?? ""}
          onChange={(e) => address({ text: e.currentTarget.value || undefined })}
        />
        <SegmentedControl
          size="xs"
          aria-label="Which roles"
          data={SHOWS.map(([value, label]) => ({ value, label }))}
          value={show}
          onChange={(value) => address({ show: value === "all" ? undefined : value })}
        />
        {signs && (
          <>
            <Button
              size="compact-sm"
              rightSection={<Kbd size="xs">C</Kbd>}
              disabled={toConfirm.length === 0}
              loading={confirm.isPending}
              onClick={() => confirm.mutate(toConfirm)}
            >
              Confirm {toConfirm.length > 0 ? toConfirm.length : ""}
            </Button>
            <Button
              size="compact-sm"
              variant="default"
              rightSection={<Kbd size="xs">T</Kbd>}
              disabled={toTake.length === 0}
              onClick={() => setTaking(toTake)}
            >
              Take away {toTake.length > 0 ? toTake.length : ""}…
            </Button>
          </>
        )}
      </Group>
      <Wrong error={confirm.error} />
      {shown.length === 0 ? (
        <Empty title="No role is like that">Clear the filter to see all of them.</Empty>
      ) : (
        <Items items={shown} me={me} signs={signs} chosen={chosen} choose={setChosen} />
      )}
      {help && <KeysHelp list={KEYS} close={() => setHelp(false)} />}
      {taking && (
        <Fresh close={() => setTaking(undefined)}>
          <SayWhy
            title={`Take away ${plural(taking.length, "role")}?`}
            label="Why"
            optional
            act="Take away"
            harm
            does={(note) => decide("take", taking, note)}
            close={() => setTaking(undefined)}
          >
            What it let them do ends with the next request. It is not given back by itself.
          </SayWhy>
        </Fresh>
      )}
      {signing && (
        <Fresh close={() => setSigning(false)}>
          <SayWhy
            title="Sign the review?"
            label="What you say to it"
            optional
            act="Sign it"
            does={async (note) => {
              const path = { id: review.id };
              await ask(api.POST("/api/v1/reviews/{id}/sign", { params: { path }, body: { note } }));
              await client.invalidateQueries({ queryKey: reviewsQuery.queryKey });
            }}
            close={() => setSigning(false)}
          >
            It ends with your name and stays as it is: evidence of who decided what, and when.
          </SayWhy>
        </Fresh>
      )}
    </>
  );
}
