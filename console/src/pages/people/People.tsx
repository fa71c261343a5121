/** People: who has an account here, what they may do, and whether they can sign in. */
import { Anchor, Button, Group, Kbd, List, Select, TextInput } from "@mantine/core";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { peopleQuery, resetsQuery } from "../../api/queries";
import { useKeys } from "../../app/keys";
import { useMay, useSession } from "../../app/session";
import { Fresh } from "../../app/SignInAgain";
import { brief, label } from "../../lib/format";
import { step } from "../../lib/rows";
import { KeysHelp } from "../../ui/KeysHelp";
import { Notice } from "../../ui/Notice";
import { Page } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { When, useNow } from "../../ui/When";
import { Invite } from "./Invite";
import { KEYS } from "./keys";
import { type Account, type Reset, STATES, isOpen, matching, sorted, summary } from "./model";
import { PeopleTable } from "./PeopleTable";

export function People() {
  const search = useSearch({ from: "/people" });
  const navigate = useNavigate({ from: "/people" });
  const query = useQuery(peopleQuery);
  const resets = useQuery(resetsQuery);
  const session = useSession();
  const now = useNow();
  const changes = useMay("person:change");
  const find = useRef<HTMLInputElement>(null);
  const [help, setHelp] = useState(false);
  const show = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: change.add === undefined });
  const invite = () => show({ add: "person" });
  useKeys({
    "/": () => find.current?.focus(),
    j: () => step("[data-person]", 1),
    k: () => step("[data-person]", -1),
    "?": () => setHelp(true),
    ...(changes ? { i: invite } : {}),
  });
  const open = (resets.data?.items ?? []).filter(isOpen);
  return (
    <Page
      title="People"
      lead={query.data ? summary(query.data.items, now) : "Who has an account here"}
      actions={
        changes && (
          <Button leftSection={<IconPlus size={16} />} rightSection={<Kbd size="xs">I</Kbd>} onClick={invite} size="sm">
            Invite somebody
          </Button>
        )
      }
    >
      <Asked
        query={query}
        loading={<Loading rows={6} />}
        empty={({ items }) => items.length === 0 && <Empty title="Nobody has an account">Invite somebody.</Empty>}
      >
        {({ items }) => {
          const shown = matching(sorted(items), search.text ?? "", search.state, now);
          return (
            <>
              <Open resets={open} people={items} />
              <Group gap="xs" mb="xs">
                <TextInput
                  ref={find}
                  size="xs"
                  w={{ base: "100%", xs: 240 }}
                  aria-label="Find somebody by name, sign-in name, agent or role"
                  placeholder="Find somebody ( / )"
                  leftSection={<IconSearch size={14} />}
                  value={search.text ?? ""}
                  onChange={(e) => show({ text: e.currentTarget.value || undefined })}
                />
                <Select
                  size="xs"
                  w={{ base: "100%", xs: 160 }}
                  aria-label="In which state"
                  placeholder="In any state"
                  data={STATES.map(([value, word]) => ({ value, label: label(word) }))}
                  value={search.state ?? null}
                  onChange={(state) => show({ state: state ?? undefined })}
                  clearable
                />
              </Group>
              {shown.length === 0 ? (
                <Empty title="Nobody is like that">Clear the filter to see all of them.</Empty>
              ) : (
                <PeopleTable people={shown} me={session.id} resets={new Set(open.map((reset) => reset.person_id))} />
              )}
            </>
          );
        }}
      </Asked>
      {help && <KeysHelp list={KEYS} close={() => setHelp(false)} />}
      {search.add !== undefined && changes && (
        <Fresh close={() => show({ add: undefined })}>
          <Invite
            close={() => show({ add: undefined })}
            open={(id) => void navigate({ to: "/people/$id", params: { id } })}
          />
        </Fresh>
      )}
    </Page>
  );
}

/** Resets that somebody has to look at, before anything else. */
function Open({ resets, people }: { resets: Reset[]; people: Account[] }) {
  if (resets.length === 0) return null;
  const name = (id: string) => brief(people.find((account) => account.id === id)?.name ?? "somebody");
  return (
    <Notice tone="care" title="Resets of sign-ins are under way">
      <List size="sm">
        {resets.map((reset) => (
          <List.Item key={reset.id}>
            <Anchor
              size="sm"
              underline="always"
              className="rf-outside"
              renderRoot={(props) => <Link to="/people/$id" params={{ id: reset.person_id }} {...props} />}
            >
              {name(reset.person_id)}
            </Anchor>
            , asked for by {name(reset.asked_by)} <When ms={reset.asked_ms} />
            {reset.confirmed_ms === null ? ": waits for a second person" : ": confirmed"}
          </List.Item>
        ))}
      </List>
    </Notice>
  );
}
