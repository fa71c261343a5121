import type { KeyList } from "../../ui/KeysHelp";

/** The keys of this page. */
export const KEYS: KeyList = [
  ["/", "To the text, or to the SQL"],
  ["Ctrl+Enter", "Run, also while typing"],
  ["j k", "Next and previous row"],
  ["Enter", "Open the row"],
  ["Esc", "Close the row; leave a field"],
  ["e", "Export"],
  ["Ctrl+Space", "Complete, in the SQL"],
  ["← →", "In the picture over time: walk; with Shift mark, Enter narrows"],
  ["?", "These keys"],
];
