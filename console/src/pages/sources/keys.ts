import type { KeyList } from "../../ui/KeysHelp";

export const KEYS: KeyList = [
  ["j k", "Next, previous source"],
  ["Enter", "Open it"],
  ["/", "Find a source"],
  ["c", "Connect a source"],
  ["Esc", "Close what is open"],
  ["?", "This help"],
];
