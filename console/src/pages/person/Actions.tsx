/** What can be done about an account. */
import { Button } from "@mantine/core";
import type { Account } from "../people/model";
import type { Do } from "./Dialogs";

export function Actions({ account, isMe, act }: { account: Account; isMe: boolean; act: (what: Do) => void }) {
  const off = account.disabled_ms !== null;
  const enrolled = account.enrolled_ms !== null;
  const button = (what: Do, words: string) => (
    <Button key={what} size="sm" variant="default" onClick={() => act(what)}>
      {words}
    </Button>
  );
  return (
    <>
      {!enrolled && !off && (
        <Button size="sm" onClick={() => act("invite")}>
          New invitation…
        </Button>
      )}
      {off && (
        <Button size="sm" onClick={() => act("on")}>
          Switch on…
        </Button>
      )}
      {button("rename", "Change names…")}
      {button("sessions", "End all sessions…")}
      {/* The server refuses these to oneself, and the page says so. */}
      {!isMe && enrolled && !off && button("reset", "Ask for a reset…")}
      {!isMe && !off && button("off", "Switch off…")}
    </>
  );
}
