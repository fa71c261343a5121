/** One person: who they are, what they may do, how they sign in, and what can be done about it. */
import { Badge, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { peopleQuery, personQuery } from "../../api/queries";
import { useMay, useSession } from "../../app/session";
import { brief } from "../../lib/format";
import { EntityChip } from "../../ui/EntityChip";
import { Facts } from "../../ui/Facts";
import { Factors } from "../../ui/Factors";
import { Page, Section } from "../../ui/Page";
import { Sessions } from "../../ui/Sessions";
import { Asked, Empty, Loading } from "../../ui/States";
import { When } from "../../ui/When";
import type { Account } from "../people/model";
import { StateChip } from "../people/StateChip";
import { Actions } from "./Actions";
import { Dialogs, type Do } from "./Dialogs";
import { InEffect } from "./InEffect";
import { Resets } from "./Resets";
import { Roles } from "./Roles";
import { TheirLinks } from "./TheirLinks";

/** Says who somebody is whose id is kept. */
export type Namer = (id: string) => string;

export function PersonPage() {
  const { id } = useParams({ from: "/people/$id" });
  const search = useSearch({ from: "/people/$id" });
  const navigate = useNavigate({ from: "/people/$id" });
  const query = useQuery(personQuery(id));
  const people = useQuery(peopleQuery);
  const session = useSession();
  const changes = useMay("person:change");
  const gives = useMay("role:assign");
  const isMe = session.id === id;
  const name: Namer = (who) =>
    who === session.id ? "you" : brief(people.data?.items.find((known) => known.id === who)?.name ?? who);
  const act = (what: Do) => void navigate({ search: { do: what } });
  const close = () => void navigate({ search: {}, replace: true });
  const account = query.data?.account;
  return (
    <Page
      title={account ? brief(account.name, 128) : "Somebody"}
      lead={
        account && (
          <Group gap="xs">
            <Text span size="sm" className="rf-outside">
              {brief(account.login, 254)}
            </Text>
            <StateChip account={account} />
            {isMe && (
              <Badge variant="default" tt="none">
                you
              </Badge>
            )}
          </Group>
        )
      }
      actions={account && changes && <Actions account={account} isMe={isMe} act={act} />}
    >
      <Asked query={query} loading={<Loading rows={8} />}>
        {({ account, factors, links, sessions, resets }) => (
          <>
            <Resets resets={resets} account={account} me={session.id} may={changes} name={name} />
            <Section title="Who they are">
              <Who account={account} />
              {isMe && changes && (
                <Text size="sm" c="dimmed" mt="xs">
                  Another person resets your sign-in, switches you off and says which agent you are. How you sign in is
                  under “My account”.
                </Text>
              )}
            </Section>
            <Section title="What they may do">
              <Roles account={account} isMe={isMe} may={gives} name={name} act={act} />
              <InEffect id={account.id} />
            </Section>
            <Section title="How they sign in">
              {factors.length === 0 && links.length === 0 ? (
                <Empty title={account.enrolled_ms === null ? "Not set up yet" : "Nothing to sign in with"}>
                  {account.enrolled_ms === null
                    ? "They set it up with their enrolment code."
                    : "They need a reset to sign in again."}
                </Empty>
              ) : (
                factors.length > 0 && <Factors factors={factors} />
              )}
              <TheirLinks id={account.id} links={links} may={changes} />
            </Section>
            <Section title="Sessions">
              {sessions.length === 0 ? <Empty title="Not signed in anywhere" /> : <Sessions sessions={sessions} />}
            </Section>
            {search.do !== undefined && <Dialogs what={search.do} account={account} isMe={isMe} close={close} />}
          </>
        )}
      </Asked>
    </Page>
  );
}

function Who({ account }: { account: Account }) {
  return (
    <Facts
      facts={[
        ["Name", brief(account.name, 128)],
        ["Sign-in name", brief(account.login, 254)],
        [
          "Agent in the telephony",
          account.agent === null ? "none" : <EntityChip key="agent" kind="agent" value={account.agent} />,
        ],
        ["Account since", <When key="made" ms={account.created_ms} />],
        ["Enrolled", account.enrolled_ms === null ? "not yet" : <When key="enrolled" ms={account.enrolled_ms} />],
        ["Last seen", account.last_used_ms === null ? "never" : <When key="seen" ms={account.last_used_ms} />],
        [
          "Password",
          account.password_ms === null ? (
            "none"
          ) : (
            <>
              set <When ms={account.password_ms} />
            </>
          ),
        ],
        ["Recovery codes left", account.password_ms === null ? "none" : String(account.recovery_left)],
      ]}
    />
  );
}
