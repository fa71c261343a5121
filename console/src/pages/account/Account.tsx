/** My account: who I am here, how I sign in, and where I am signed in. */
import { Badge, Button, Group, List, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { meQuery } from "../../api/queries";
import { Fresh } from "../../app/SignInAgain";
import { brief } from "../../lib/format";
import { heldNow, heldWords } from "../../lib/roles";
import { Ask } from "../../ui/Ask";
import { Facts } from "../../ui/Facts";
import { type Factor, Factors, factorWord } from "../../ui/Factors";
import { Notice } from "../../ui/Notice";
import { Page, Section } from "../../ui/Page";
import { Asked, Empty, Loading } from "../../ui/States";
import { When, useNow } from "../../ui/When";
import { AddCodes } from "./AddCodes";
import { AddPasskey } from "./AddPasskey";
import { AskRole } from "./AskRole";
import { Logged } from "./Logged";
import { MyRequests } from "./MyRequests";
import { MyLinks } from "./MyLinks";
import { MyResets } from "./MyResets";
import { MySessions } from "./MySessions";
import { PasswordDialog } from "./PasswordDialog";
import { Recorded } from "./Recorded";
import { Recovery } from "./Recovery";
import { Reserve } from "./Reserve";

type Me = Schemas["Me"];

export function AccountPage() {
  const query = useQuery(meQuery);
  const search = useSearch({ from: "/account" });
  const navigate = useNavigate({ from: "/account" });
  const show = (what: string) => void navigate({ search: { do: what } });
  const close = () => void navigate({ search: {}, replace: true });
  return (
    <Page title="My account" lead="How you sign in, and where you are signed in">
      <Asked query={query} loading={<Loading rows={8} />}>
        {(me) => (
          <>
            <MyResets resets={me.resets} />
            <Section title="Who you are">
              <Who me={me} />
            </Section>
            <Reserve me={me} />
            <Section title="Roles for a time">
              <MyRequests me={me.account.id} ask={() => show("role")} />
            </Section>
            <Section title="How you sign in">
              <Ways me={me} show={show} />
              <MyLinks me={me} />
            </Section>
            <Section title="Sessions">
              <MySessions sessions={me.sessions} here={me.session} />
            </Section>
            <Section title="What is recorded about you">
              <Recorded />
            </Section>
            <Section title="What the evidence log has about you">
              <Logged />
            </Section>
            {search.do === "role" && <AskRole close={close} />}
            {search.do !== undefined && search.do !== "role" && (
              <Fresh key={search.do} close={close}>
                <Dialog what={search.do} me={me} close={close} />
              </Fresh>
            )}
          </>
        )}
      </Asked>
    </Page>
  );
}

function Dialog({ what, me, close }: { what: string; me: Me; close: () => void }): ReactNode {
  if (what === "passkey" && me.no_passkeys === null) return <AddPasskey close={close} />;
  if (what === "codes") return <AddCodes close={close} />;
  if (what === "password")
    return <PasswordDialog login={me.account.login} has={me.account.password_ms !== null} close={close} />;
  if (what === "recovery" && me.account.password_ms !== null)
    return <Recovery left={me.account.recovery_left} close={close} />;
  return null;
}

function Who({ me: { account } }: { me: Me }) {
  const now = useNow();
  const roles = heldNow(account.roles, now);
  return (
    <Facts
      facts={[
        ["Name", brief(account.name, 128)],
        ["Sign-in name", brief(account.login, 254)],
        ["Agent in the telephony", account.agent === null ? "none" : brief(account.agent, 128)],
        [
          "Roles",
          roles.length === 0 ? (
            "none: ask for one below"
          ) : (
            <List listStyleType="none" size="sm">
              {roles.map((held) => (
                <List.Item key={held.id}>
                  {heldWords(held)}
                  <Ends at={held.reserve ? held.in_force_until_ms : held.expires_ms} />
                </List.Item>
              ))}
            </List>
          ),
        ],
        ["Account since", <When key="since" ms={account.created_ms} />],
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
      ]}
    />
  );
}

function Ends({ at }: { at: number | null }) {
  if (at === null) return null;
  return (
    <>
      {" "}
      <Text span size="xs" c="dimmed">
        ends <When ms={at} />
      </Text>
    </>
  );
}

function Ways({ me, show }: { me: Me; show: (what: string) => void }) {
  const client = useQueryClient();
  const [removing, setRemoving] = useState<Factor>();
  const { account, factors, no_passkeys } = me;
  const hasPassword = account.password_ms !== null;
  return (
    <>
      {no_passkeys !== null && <Notice title="There are no passkeys here">{`${no_passkeys}.`}</Notice>}
      {factors.length === 0 ? (
        <Empty title={me.links.length === 0 ? "Nothing to sign in with" : "No passkey and no codes"}>
          {me.links.length === 0
            ? "Add a passkey before this session ends."
            : "Your linked account signs you in. A passkey is for the day its provider does not answer."}
        </Empty>
      ) : (
        <Factors factors={factors} remove={setRemoving} />
      )}
      <Group gap="xs" mt="xs">
        {no_passkeys === null && <Button onClick={() => show("passkey")}>Add a passkey…</Button>}
        <Button variant="default" onClick={() => show("codes")}>
          Add one-time codes…
        </Button>
        <Button variant="default" onClick={() => show("password")}>
          {hasPassword ? "Change the password…" : "Set a password…"}
        </Button>
      </Group>
      {hasPassword && (
        <Group gap="xs" mt="sm">
          <Text size="sm">Recovery codes</Text>
          <Badge variant="default" tt="none">
            {account.recovery_left === 0 ? "none left" : `${account.recovery_left} left`}
          </Badge>
          <Button variant="default" size="compact-sm" onClick={() => show("recovery")}>
            Make new ones…
          </Button>
        </Group>
      )}
      <Text size="xs" c="dimmed" mt="xs" maw={720}>
        {hasPassword
          ? "A recovery code takes the place of a one-time code, once, beside the password."
          : "One-time codes go with a password. A second passkey, on another device, is for the day the first is lost."}
      </Text>
      {removing && (
        <Fresh close={() => setRemoving(undefined)}>
          <Ask
            title={`Remove ${brief(removing.name)}?`}
            act="Remove it"
            leave="Keep it"
            does={async () => {
              await ask(api.DELETE("/api/v1/me/factors/{id}", { params: { path: { id: removing.id } } }));
              await client.invalidateQueries({ queryKey: meQuery.queryKey });
            }}
            close={() => setRemoving(undefined)}
          >
            {factorWord(removing.kind)}: it no longer signs you in. Remove it from the device, too.
          </Ask>
        </Fresh>
      )}
    </>
  );
}
