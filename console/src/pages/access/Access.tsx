/** Access: what was refused lately, which programs hold a token, and who may do what by which policy. */
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { policiesQuery } from "../../api/queries";
import { useMay } from "../../app/session";
import { plural } from "../../lib/format";
import { Page, Section } from "../../ui/Page";
import { Asked, Loading } from "../../ui/States";
import { Denials } from "./Denials";
import { Emergencies } from "./Emergencies";
import { Groups } from "./Groups";
import { Laws } from "./Laws";
import { Matrix } from "./Matrix";
import { NewService } from "./NewService";
import { Preview } from "./Preview";
import { Requests } from "./Requests";
import { Services } from "./Services";
import { WhoCan } from "./WhoCan";

export function AccessPage() {
  const search = useSearch({ from: "/access" });
  const navigate = useNavigate({ from: "/access" });
  const policies = useQuery(policiesQuery);
  const people = useMay("person:read");
  const gives = useMay("role:assign");
  const tries = useMay("decision:read");
  const [trying, setTrying] = useState(false);
  const add = (open: boolean) =>
    void navigate({ search: open ? { ...search, add: "service" } : { ...search, add: undefined }, replace: !open });
  return (
    <Page
      title="Access"
      lead={
        policies.data
          ? `${plural(policies.data.items.length, "policy", "policies")} in force`
          : "Who may do what, and why"
      }
      actions={
        <Button leftSection={<IconPlus size={16} />} onClick={() => add(true)} size="sm">
          Make a service
        </Button>
      }
    >
      {gives && (
        <Section title="Requests of roles">
          <Requests />
        </Section>
      )}
      {people && (
        <Section title="Emergencies">
          <Emergencies />
        </Section>
      )}
      <Section title="Denied in the last day">
        <Denials />
      </Section>
      <Section title="Services">
        <Services
          add={() => add(true)}
          picked={search.service}
          open={(service) => void navigate({ search: { ...search, service }, replace: true })}
        />
      </Section>
      {people && (
        <Section title="Groups of the directory">
          <Groups />
        </Section>
      )}
      <Asked query={policies} loading={<Loading rows={8} />}>
        {({ actions, items }) => (
          <>
            {people && (
              <Section title="Who may…">
                <WhoCan actions={actions} />
              </Section>
            )}
            <Section title="Who may do what">
              <Matrix actions={actions} />
            </Section>
            <Section title="Policies">
              {tries && (
                <Button variant="default" size="xs" mb="xs" onClick={() => setTrying(true)}>
                  Try a change…
                </Button>
              )}
              <Laws laws={items} />
            </Section>
          </>
        )}
      </Asked>
      {trying && <Preview close={() => setTrying(false)} />}
      {search.add !== undefined && <NewService close={() => add(false)} />}
    </Page>
  );
}
