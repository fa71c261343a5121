import type { KeyList } from "../../ui/KeysHelp";

export const KEYS: KeyList = [
  ["j k", "Next, previous person"],
  ["Enter", "Open the person"],
  ["/", "Find somebody"],
  ["i", "Invite somebody"],
  ["?", "This help"],
];
