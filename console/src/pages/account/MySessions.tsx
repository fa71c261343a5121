/** Where I am signed in, and how to end that. */
import { Button, Group } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, ask } from "../../api/client";
import { meQuery } from "../../api/queries";
import { browserWords } from "../../lib/browser";
import { brief } from "../../lib/format";
import { Ask } from "../../ui/Ask";
import { Sessions, type SignedIn } from "../../ui/Sessions";

export function MySessions({ sessions, here }: { sessions: SignedIn[]; here: string | null }) {
  const client = useQueryClient();
  const [ending, setEnding] = useState<SignedIn | "others">();
  const close = () => setEnding(undefined);
  const others = sessions.filter((session) => session.id !== here).length;
  const seen = () => client.invalidateQueries({ queryKey: meQuery.queryKey });
  return (
    <>
      <Sessions sessions={sessions} here={here} end={setEnding} />
      {others > 0 && (
        <Group mt="xs">
          <Button variant="default" onClick={() => setEnding("others")}>
            End all others…
          </Button>
        </Group>
      )}
      {ending === "others" && (
        <Ask
          title="End all other sessions?"
          act="End them"
          leave="Leave them"
          does={async () => {
            await ask(api.DELETE("/api/v1/me/sessions"));
            await seen();
          }}
          close={close}
        >
          Wherever you are signed in but here, you are signed out. What is typed there and not sent is lost.
        </Ask>
      )}
      {ending !== undefined && ending !== "others" && (
        <Ask
          title={`End the session of ${brief(browserWords(ending.browser))}?`}
          act="End it"
          does={async () => {
            await ask(api.DELETE("/api/v1/me/sessions/{id}", { params: { path: { id: ending.id } } }));
            await seen();
          }}
          close={close}
        >
          Whoever sits there is signed out. If that was not you, change the password and look at your passkeys as well.
        </Ask>
      )}
    </>
  );
}
