import type { KeyList } from "../../ui/KeysHelp";

export const KEYS: KeyList = [
  ["j k", "Next, previous role"],
  ["Space", "Choose it"],
  ["a", "Choose all that are shown, or none"],
  ["c", "Confirm what is chosen, else the one here"],
  ["t", "Take away what is chosen, else the one here"],
  ["/", "Find a role"],
  ["?", "This help"],
];
