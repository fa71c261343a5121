/** What changes how people sign in, and what they may do, is for somebody who signed in a moment ago. */
import { Button, Group, Modal, Text } from "@mantine/core";
import { type ReactNode, useEffect, useState } from "react";
import { signInNeeded } from "../api/client";
import { DIALOG } from "../ui/dialog";
import { signInAt } from "./leave";
import { useSeat } from "./session";

/** Mantine leaves Escape to these: it would also close the dialog behind. */
const OWN_ESCAPE = { "data-mantine-stop-propagation": "true" } as const;

function Again({ close }: { close: () => void }) {
  return (
    <Modal
      {...DIALOG}
      opened
      onClose={close}
      title="Sign in again for this"
      withCloseButton={false}
      closeOnEscape={false}
      zIndex={300}
      onKeyDown={(event) => {
        if (event.key !== "Escape") return;
        event.stopPropagation();
        close();
      }}
    >
      <Text size="sm">
        What changes how people sign in, and what they may do, is for somebody who signed in within the last 15 minutes.
        You come back to this page; nothing that you typed on it is kept.
      </Text>
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={close} {...OWN_ESCAPE}>
          Not now
        </Button>
        <Button data-autofocus {...OWN_ESCAPE} onClick={() => window.location.assign(signInAt(window.location, true))}>
          Sign in again
        </Button>
      </Group>
    </Modal>
  );
}

/** For what the server refused. */
export function SignInAgain() {
  const [needed, setNeeded] = useState(false);
  useEffect(() => {
    const show = () => setNeeded(true);
    signInNeeded.addEventListener("needed", show);
    return () => signInNeeded.removeEventListener("needed", show);
  }, []);
  return needed && <Again close={() => setNeeded(false)} />;
}

/** A dialog for whoever signed in a moment ago; others are asked to sign in again before they type. */
export function Fresh({ close, children }: { close: () => void; children: ReactNode }) {
  const { freshUntil } = useSeat();
  const [fresh] = useState(() => Date.now() < freshUntil);
  return fresh ? children : <Again close={close} />;
}
