/** Loudly: the log is not the one whose key somebody wrote down. */
import { Text } from "@mantine/core";
import { Notice } from "../../ui/Notice";

export function KeyNotice({ shown, own }: { shown: string; own: string | undefined }) {
  if (own === undefined || own === shown) return null;
  return (
    <Notice tone="bad" title="The server shows another key than the one that you wrote down" data-keys="differ">
      Another log may have been put in the place of the one that you know: ask whoever runs Ringfence why, and tell
      somebody who does not. Entries are checked with your key, not with this one:
      <Text size="sm" className="rf-mono">
        {shown}
      </Text>
    </Notice>
  );
}
