/** What can be done about an account. */
import { Button, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import type { Account } from "../people/model";
import type { Do } from "./Dialogs";

export function Actions({ account, isMe, act }: { account: Account; isMe: boolean; act: (what: Do) => void }) {
  const off = account.disabled_ms !== null;
  const enrolled = account.enrolled_ms !== null;
  return (
    <>
      {!enrolled && !off && <Button onClick={() => act("invite")}>New invitation…</Button>}
      {off && <Button onClick={() => act("on")}>Switch on…</Button>}
      <Button variant="default" onClick={() => act("rename")}>
        Change names…
      </Button>
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <Button variant="default" px="xs" aria-label="More that can be done">
            <IconDots size={18} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => act("sessions")}>End all sessions…</Menu.Item>
          {/* The server refuses these to oneself. */}
          <Menu.Item disabled={isMe || !enrolled || off} onClick={() => act("reset")}>
            Ask for a reset of the sign-in…
          </Menu.Item>
          {!off && (
            <Menu.Item disabled={isMe} onClick={() => act("off")}>
              Switch off…
            </Menu.Item>
          )}
          {isMe && <Menu.Label>Another person resets you and switches you off.</Menu.Label>}
          {!isMe && !enrolled && <Menu.Label>A reset is for somebody who has enrolled.</Menu.Label>}
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
