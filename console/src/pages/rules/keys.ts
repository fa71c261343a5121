import type { KeyList } from "../../ui/KeysHelp";

export const KEYS: KeyList = [
  ["j k", "Next, previous rule"],
  ["Enter", "Open it"],
  ["/", "Find a rule"],
  ["t", "Try a rule"],
  ["Esc", "Close what is open"],
  ["?", "This help"],
];
