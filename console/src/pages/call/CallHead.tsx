/** Who took part in a call, and how far it can be trusted. */
import { Anchor, Box, Group, Paper, SimpleGrid, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Fragment } from "react";
import { brief } from "../../lib/format";
import { quoted } from "../../lib/sql";
import { EntityChip } from "../../ui/EntityChip";
import { TrustLight } from "../../ui/TrustLight";
import { When } from "../../ui/When";
import classes from "./Call.module.css";
import { outcomeWords, partWords } from "./sentence";
import type { Story } from "./story";
import type { Light } from "./trust";

export function Lights({ lights }: { lights: Light[] }) {
  return (
    <Paper p="sm" component="section" aria-label="How far this call can be trusted">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="md" verticalSpacing="sm">
        {lights.map(({ what, trust, says, why }) => (
          <div key={what} data-trust={trust}>
            <TrustLight what={what} trust={trust} says={says} why={why} />
          </div>
        ))}
      </SimpleGrid>
    </Paper>
  );
}

const MOST_NAMED = 12;

const recordingSearch = (uid: string) => ({
  mode: "sql",
  sql: `SELECT time, activity_name, agent, call_uid, ocsf_get(ocsf, 'recording.path') AS path
FROM events
WHERE class_uid = 99904002 AND ocsf_get(ocsf, 'recording.uid') = ${quoted(uid)}
ORDER BY time`,
});

export function People({ story }: { story: Story }) {
  const { number, customers, parts, recording, signalling } = story;
  const outside = story.direction === "outbound" ? "Called" : "Caller";
  return (
    <Paper p="sm" component="section" aria-label="Who took part">
      <dl className={classes["people"]}>
        {(number !== undefined || customers.length > 0) && (
          <>
            <dt>{outside}</dt>
            <dd>
              <Group gap={6}>
                {number !== undefined && <EntityChip kind="number" value={number} />}
                {customers.map((c) => (
                  <Fragment key={c.uid}>
                    <EntityChip kind="customer" value={c.uid} />
                    {c.name !== undefined && (
                      <Text size="sm" span className="rf-outside">
                        {brief(c.name)}
                      </Text>
                    )}
                  </Fragment>
                ))}
              </Group>
            </dd>
          </>
        )}
        {signalling.address !== undefined && (
          <>
            <dt>SIP from</dt>
            <dd>
              <EntityChip kind="address" value={signalling.address} />
            </dd>
          </>
        )}
        {parts.slice(0, MOST_NAMED).map((part, i) => (
          <Fragment key={i}>
            <dt>{part.from === undefined ? "Agent" : "Then"}</dt>
            <dd>
              <Group gap={8}>
                <EntityChip kind="agent" value={part.agent} />
                <Text size="sm" span className="rf-outside">
                  {part.name !== undefined && brief(part.name)}
                  {part.role !== undefined && part.role !== "agent" && ` (${brief(part.role)})`}
                  <Text span c="dimmed">
                    {part.name !== undefined && ": "}
                    {partWords(part, story)}
                  </Text>
                </Text>
              </Group>
            </dd>
          </Fragment>
        ))}
        {parts.length > MOST_NAMED && (
          <>
            <dt />
            <dd>
              <Text size="sm" c="dimmed">
                and {parts.length - MOST_NAMED} more parts, see below
              </Text>
            </dd>
          </>
        )}
        {recording.uids.length > 0 && (
          <>
            <dt>Recording</dt>
            <dd>
              <Group gap={10}>
                {recording.uids.map((uid) => (
                  <Anchor
                    key={uid}
                    size="sm"
                    title={`Every event of the recording ${uid}`}
                    renderRoot={(props) => <Link to="/search" search={recordingSearch(uid)} {...props} />}
                  >
                    <span className="rf-mono">{brief(uid, 60)}</span>
                  </Anchor>
                ))}
              </Group>
            </dd>
          </>
        )}
      </dl>
    </Paper>
  );
}

/** Under the sentence: when, how it ended, where it belongs. */
export function Lead({ story }: { story: Story }) {
  const at = story.started ?? story.span.from;
  const words = [
    outcomeWords(story),
    ...(story.queue === undefined ? [] : [`queue ${brief(story.queue)}`]),
    ...(story.program === undefined ? [] : [[story.program, story.site].filter(Boolean).join(" / ")]),
  ];
  return (
    <Box mt={2}>
      {at > 0 && <When ms={at} />}
      {words.map((word) => (
        <Text span key={word} className="rf-outside">
          {" · "}
          {word}
        </Text>
      ))}
    </Box>
  );
}
