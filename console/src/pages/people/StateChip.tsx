/** Where an account stands, in words. */
import { Badge } from "@mantine/core";
import { When, useNow } from "../../ui/When";
import { type Account, stateOf } from "./model";

export function StateChip({ account }: { account: Account }) {
  const now = useNow();
  const state = stateOf(account, now);
  // All of it is to be read: a chip would rather cut it off.
  const chip = { variant: "default", tt: "none", miw: "max-content", "data-state": state } as const;
  if (state === "removed")
    return (
      <Badge {...chip} title="The directory took them out; what they did stays known">
        taken out <When ms={account.removed_ms ?? 0} />
      </Badge>
    );
  if (state === "off")
    return (
      <Badge {...chip}>
        switched off <When ms={account.disabled_ms ?? 0} />
      </Badge>
    );
  if (state === "invited")
    return (
      <Badge {...chip} title="They have not set up how they sign in">
        invitation ends <When ms={account.invited_until_ms ?? 0} />
      </Badge>
    );
  if (state === "waiting")
    return (
      <Badge {...chip} title="They did not set up how they sign in in time: make a new invitation">
        invitation over
      </Badge>
    );
  if (state === "locked")
    return (
      <Badge {...chip} title="After too many wrong passwords or codes; a passkey still opens">
        password locked, ends <When ms={account.locked_until_ms ?? 0} />
      </Badge>
    );
  return <Badge {...chip}>active</Badge>;
}
