/** A token, for the one time that it can be seen. It lives in the dialog and dies with it. */
import { IconKey } from "@tabler/icons-react";
import { Copyable } from "./Copyable";
import { Notice } from "./Notice";

export function TokenShown({ token, name, gives }: { token: string; name: string; gives?: string }) {
  return (
    <Notice tone="care" icon={<IconKey size={18} />} title="This token is shown only now" data-token="">
      Store it where the sender reads it. It cannot be shown again: a lost one is replaced by a new one. Whoever has it
      can {gives ?? `send events as ${name}, and nothing else`}.
      <Copyable title={`Token of ${name}`} text={token} wrap />
    </Notice>
  );
}
