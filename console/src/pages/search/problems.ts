/** What went wrong with a query, in words that say what to do. */
import { Problem } from "../../api/client";
import { COLUMNS } from "./columns";

export interface Place {
  line: number;
  column: number;
}

/** Where in the SQL the server found it. */
export function placeOf(detail: string): Place | undefined {
  const found = [...detail.matchAll(/\bline:? (\d{1,6}), column:? (\d{1,6})/gi)].at(-1);
  return found ? { line: Number(found[1]), column: Number(found[2]) } : undefined;
}

/** How many letters must change to make one of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The column that was likely meant. */
export function nearest(name: string): string | undefined {
  const wanted = name.toLowerCase().slice(0, 64);
  const all = COLUMNS.map((c) => ({ name: c.name, far: distance(wanted, c.name) })).sort((a, b) => a.far - b.far);
  const best = all[0];
  return best && best.far <= Math.max(2, Math.floor(wanted.length / 3)) ? best.name : undefined;
}

/** The server's sentence without what only its programmers read. */
export function tidy(detail: string): string {
  const field = /No field named ("?)([^\s"]+?)\1\./.exec(detail)?.[2]?.replace(/^events\./, "");
  if (field !== undefined) {
    const meant = nearest(field);
    return `There is no column ${field}.${meant === undefined ? "" : ` Did you mean ${meant}?`}`;
  }
  const text = detail
    .replace(/^the query (cannot be planned|is not valid SQL|failed): /, "")
    .replace(/^(?:(?:Error during planning|Schema error|SQL error|Arrow error|This feature is not implemented): )+/, "")
    .replace(/^ParserError\("([\s\S]*)"\)$/, "$1")
    .replace(/ at Line: \d+, Column: \d+$/, "")
    .replace(/ \(line \d+, column \d+\)$/, "")
    .replaceAll('\\"', '"')
    .trim();
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export interface Said {
  /** Which it is, for programs. */
  kind: "invalid" | "timeout" | "memory" | "crashed" | "busy" | "broken" | "unreachable" | "forbidden" | "other";
  title: string;
  /** What happened. */
  what: string;
  /** What to do about it, one thing each. */
  advice: string[];
  /** Whether asking the same again may help. */
  again: boolean;
  place?: Place | undefined;
}

/** An answer that broke off while it was sent. */
export const BROKEN = "urn:ringfence:console:broken-off";

export function explain(error: unknown): Said {
  if (!(error instanceof Problem)) {
    const what = error instanceof Error ? error.message : "No more is known.";
    return { kind: "other", title: "This did not work", what, advice: [], again: true };
  }
  switch (error.type.replace(/^urn:ringfence:/, "")) {
    case "query-timeout":
      return {
        kind: "timeout",
        title: "The query took longer than the server allows",
        what: "It was stopped. Nothing is broken; it just looked at too much.",
        advice: [
          "Choose a shorter time: it is what saves most.",
          "Filter by a call, agent, customer or address before searching in texts.",
          "If it must look at all of this, an administrator can raise seconds under [query] in the configuration.",
        ],
        again: false,
      };
    case "query-memory":
      return {
        kind: "memory",
        title: "The query needs more memory than the server allows",
        what: "It was stopped. Sorting, grouping and joining keep what they work on in memory.",
        advice: [
          "Choose a shorter time.",
          "Group by something with fewer different values than ids or whole texts.",
          "Select the columns that you need; raw and ocsf are the largest.",
        ],
        again: false,
      };
    case "query-crashed":
      return {
        kind: "crashed",
        title: "The query engine did not survive this query",
        what: "It is a process of its own and starts anew. Events are still taken in, rules and alerts go on.",
        advice: [
          "Do not send it again as it is: it would end the same way.",
          "Make it simpler: fewer joins, fewer columns, a shorter time.",
          "Tell whoever runs Ringfence; the server's log has the reason.",
        ],
        again: false,
      };
    case "unavailable":
      return {
        kind: "busy",
        title: "The query engine has no turn free now",
        what: error.detail === "" ? "Too many queries wait, or it is just starting." : tidy(error.detail),
        advice: ["Wait some seconds and run it again.", "Cancel queries that you no longer need in other tabs."],
        again: true,
      };
    case "console:broken-off":
      return {
        kind: "broken",
        title: "The answer broke off in the middle",
        what: "Long answers are sent while the query still runs. It then ran out of time or memory, or the connection was lost.",
        advice: ["Choose a shorter time or fewer rows.", "Leave out raw and ocsf: they are the largest columns."],
        again: true,
      };
    case "unreachable":
      return { kind: "unreachable", title: error.title, what: error.detail, advice: [], again: true };
    case "invalid":
    case "too-large": {
      const place = placeOf(error.detail);
      return {
        kind: "invalid",
        title: "The server does not understand this query",
        what: tidy(error.detail),
        advice: [],
        again: false,
        place,
      };
    }
    default:
      return {
        kind: error.status === 403 ? "forbidden" : "other",
        title: error.title,
        what: error.detail,
        advice: error.status === 403 ? ["Ask an administrator of Ringfence."] : [],
        again: error.status >= 500,
      };
  }
}
