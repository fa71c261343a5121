/** Broken glasses and administrators made on the machine: each waits until another person reviewed it. */
import { Badge, Button, Group, Table, Text } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Schemas, api, ask } from "../../api/client";
import { emergenciesQuery } from "../../api/queries";
import { useMay, useSession } from "../../app/session";
import { Fresh } from "../../app/SignInAgain";
import { brief } from "../../lib/format";
import { heldWords } from "../../lib/roles";
import { Rows } from "../../ui/Rows";
import { SayWhy } from "../../ui/SayWhy";
import { Asked, Empty, Loading } from "../../ui/States";
import { When, useNow } from "../../ui/When";

type Emergency = Schemas["Emergency"];
type Verdict = Schemas["EmergencyReview"]["verdict"];

const SHOWN = 20;

export function Emergencies() {
  const query = useQuery(emergenciesQuery);
  const client = useQueryClient();
  const session = useSession();
  const signs = useMay("review:sign");
  const now = useNow();
  const [judging, setJudging] = useState<{ emergency: Emergency; verdict: Verdict }>();
  const close = () => setJudging(undefined);
  return (
    <Asked
      query={query}
      loading={<Loading rows={2} />}
      empty={({ items }) =>
        items.length === 0 && (
          <Empty mood="calm" title="Nobody broke the glass">
            A role in reserve is given to a person; breaking the glass puts it in force for a short time.
          </Empty>
        )
      }
    >
      {({ items }) => (
        <>
          <Rows label="Emergencies" columns={["Who", "What", "Why", "Review"]} acts={signs} wide={720}>
            {items.slice(0, SHOWN).map((emergency) => (
              <Table.Tr key={emergency.id} data-emergency-row={emergency.id}>
                <Table.Td>
                  <Text size="sm" fw={600} className="rf-outside">
                    {brief(emergency.name, 60)}
                  </Text>
                  <Text size="xs" c="dimmed">
                    <When ms={emergency.began_ms} />
                  </Text>
                </Table.Td>
                <Table.Td>
                  <Text size="sm">{heldWords(emergency)}</Text>
                  <Lasts emergency={emergency} now={now} />
                </Table.Td>
                <Table.Td miw={180}>
                  <Text size="sm" className="rf-outside">
                    {brief(emergency.why, 500)}
                  </Text>
                </Table.Td>
                <Table.Td miw={140}>
                  <Found emergency={emergency} />
                </Table.Td>
                {signs && (
                  <Table.Td ta="right">
                    {emergency.reviewed_ms === null &&
                      (emergency.person_id === session.id ? (
                        <Text size="xs" c="dimmed">
                          another person reviews it
                        </Text>
                      ) : isLasting(emergency, now) ? (
                        <Text size="xs" c="dimmed">
                          when it is over
                        </Text>
                      ) : (
                        <Group gap={4} justify="flex-end" wrap="nowrap">
                          {(["justified", "not_justified"] as const).map((verdict) => (
                            <Button
                              key={verdict}
                              variant="default"
                              size="compact-xs"
                              onClick={() => setJudging({ emergency, verdict })}
                              aria-label={`${WORDS[verdict]}: that of ${emergency.name}…`}
                            >
                              {WORDS[verdict]}…
                            </Button>
                          ))}
                        </Group>
                      ))}
                  </Table.Td>
                )}
              </Table.Tr>
            ))}
          </Rows>
          {judging && (
            <Fresh close={close}>
              <SayWhy
                title={`${WORDS[judging.verdict]}?`}
                label="What you looked at, and found"
                act={WORDS[judging.verdict]}
                harm={judging.verdict === "not_justified"}
                does={async (note) => {
                  const path = { id: judging.emergency.id };
                  const body = { verdict: judging.verdict, note };
                  await ask(api.POST("/api/v1/emergencies/{id}/review", { params: { path }, body }));
                  await client.invalidateQueries({ queryKey: emergenciesQuery.queryKey });
                }}
                close={close}
              >
                It closes the emergency of {brief(judging.emergency.name)}, and stays with it.
                {judging.verdict === "not_justified" && " Whoever is told of alerts is told. The role itself stays."}
              </SayWhy>
            </Fresh>
          )}
        </>
      )}
    </Asked>
  );
}

const WORDS = { justified: "Justified", not_justified: "Not justified" } as const;

const isLasting = (emergency: Emergency, now: number): boolean =>
  emergency.ended_ms === null && emergency.until_ms !== null && emergency.until_ms > now;

function Lasts({ emergency, now }: { emergency: Emergency; now: number }) {
  if (emergency.kind === "recovery")
    return (
      <Text size="xs" c="dimmed">
        made on the machine, for good
      </Text>
    );
  if (isLasting(emergency, now) && emergency.until_ms !== null)
    return (
      <Badge color="red.9" tt="none" size="sm" miw="max-content">
        in force, ends <When ms={emergency.until_ms} />
      </Badge>
    );
  return (
    <Text size="xs" c="dimmed">
      over
    </Text>
  );
}

function Found({ emergency }: { emergency: Emergency }) {
  if (emergency.verdict === null || emergency.reviewed_ms === null)
    return (
      <Badge color="red.9" tt="none" miw="max-content">
        not reviewed
      </Badge>
    );
  return (
    <>
      <Text size="sm">
        {WORDS[emergency.verdict].toLowerCase()}, by {brief(emergency.reviewed_by_name ?? "somebody")}{" "}
        <When ms={emergency.reviewed_ms} />
      </Text>
      <Text size="xs" c="dimmed" className="rf-outside">
        {brief(emergency.note, 500)}
      </Text>
    </>
  );
}
