import type { KeyList } from "../../ui/KeysHelp";

export const KEYS: KeyList = [
  ["j k", "Next, previous entry"],
  ["Enter", "Open it"],
  ["c", "Check a bundle"],
  ["Esc", "Close what is open"],
  ["?", "This help"],
];
