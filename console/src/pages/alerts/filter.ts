/** Which alerts are listed, in the address, in a question to the server, and judged here. */
import type { Schemas } from "../../api/client";
import type { Alert, AlertFilter } from "../../api/queries";

export type Status = Alert["status"];
export type Order = "newest" | "most_severe";

/** As it stands in the address; all of it optional. */
export interface AlertSearch {
  status?: string;
  severity?: string;
  text?: string;
  entity?: string;
  rule?: string;
  program?: string;
  assignee?: string;
  order?: string;
  /** The alert under the cursor, to come back to. */
  at?: string;
}

export interface View {
  /** Any of these; none means any. */
  status: Status[];
  /** At least so severe; 0 means any. */
  severity: number;
  text: string;
  entity: { kind: string; value: string } | undefined;
  rule: string;
  program: string;
  /** `me`, `nobody`, a name after `=`, or nothing for anybody. */
  assignee: string;
  order: Order;
}

export const STATUSES: Status[] = ["open", "acknowledged", "closed"];
const TODO: Status[] = ["open", "acknowledged"];

const SEVERITIES: Record<string, number> = { informational: 1, low: 2, medium: 3, high: 4, critical: 5, fatal: 6 };

const same = (a: readonly unknown[], b: readonly unknown[]) => a.length === b.length && a.every((x) => b.includes(x));

export function readSearch(search: AlertSearch): View {
  const named = (search.status ?? "").split(",");
  const status = STATUSES.filter((s) => named.includes(s));
  const severity = search.severity ?? "";
  const assignee = search.assignee ?? "";
  return {
    status: search.status === "any" ? [] : status.length > 0 ? status : TODO,
    severity: SEVERITIES[severity] ?? (/^[0-6]$/.test(severity) ? Number(severity) : 0),
    text: (search.text ?? "").trim().slice(0, 200),
    entity: readEntity(search.entity ?? ""),
    rule: search.rule ?? "",
    program: search.program ?? "",
    assignee: assignee === "" || assignee === "me" || assignee === "nobody" ? assignee : personOf(assignee),
    order: search.order === "newest" ? "newest" : "most_severe",
  };
}

/** What is as usual is left out of the address. */
export function writeSearch(view: View): AlertSearch {
  const search: AlertSearch = {};
  if (view.status.length === 0 || view.status.length === STATUSES.length) search.status = "any";
  else if (!same(view.status, TODO)) search.status = STATUSES.filter((s) => view.status.includes(s)).join(",");
  const word = Object.keys(SEVERITIES).find((w) => SEVERITIES[w] === view.severity);
  if (word !== undefined) search.severity = word;
  if (view.text !== "") search.text = view.text;
  if (view.entity) search.entity = writeEntity(view.entity);
  if (view.rule !== "") search.rule = view.rule;
  if (view.program !== "") search.program = view.program;
  if (view.assignee !== "") search.assignee = view.assignee;
  if (view.order !== "most_severe") search.order = view.order;
  return search;
}

/** A person's name as it stands in `View.assignee`; the mark keeps a person called `me` apart. */
export const personOf = (name: string): string => `=${name.replace(/^=/, "")}`;

function readEntity(text: string): View["entity"] {
  const parts = /^([a-z_]*):(.+)$/s.exec(text);
  if (parts?.[2]) return { kind: parts[1] ?? "", value: parts[2] };
  return text === "" ? undefined : { kind: "", value: text };
}

/** `agent:A4053`; without a kind the colon stays, for an address has colons of its own. */
const writeEntity = ({ kind, value }: { kind: string; value: string }): string => `${kind}:${value}`;

/** The name that is asked for; the empty one means nobody. */
const assigneeOf = (view: View, me: string): string | undefined => {
  if (view.assignee === "") return undefined;
  if (view.assignee === "me") return me;
  return view.assignee === "nobody" ? "" : view.assignee.slice(1);
};

export function toFilter(view: View, me: string): Schemas["AlertFilter"] {
  const assignee = assigneeOf(view, me);
  return {
    ...(view.status.length > 0 && view.status.length < STATUSES.length ? { status: view.status } : {}),
    ...(view.severity > 0 ? { min_severity_id: view.severity } : {}),
    ...(view.text !== "" ? { text: view.text } : {}),
    ...(view.entity && view.entity.kind !== "" ? { entity_kind: view.entity.kind } : {}),
    ...(view.entity ? { entity_value: view.entity.value } : {}),
    ...(view.rule !== "" ? { rule_id: view.rule } : {}),
    ...(view.program !== "" ? { program: view.program } : {}),
    ...(assignee !== undefined ? { assignee } : {}),
  };
}

/** The same as parameters of the list; those that are absent do not restrict. */
export function toQuery(view: View, me: string): AlertFilter {
  const { status, ...rest } = toFilter(view, me);
  const query: AlertFilter = { order: view.order };
  if (status) query.status = status.join(",");
  for (const [key, value] of Object.entries(rest)) Object.assign(query, { [key]: value });
  return query;
}

/** Whether an alert belongs in the view; `maybe` where only the server knows. */
export function matches(alert: Alert, view: View, me: string): boolean | "maybe" {
  if (view.status.length > 0 && !view.status.includes(alert.status)) return false;
  if (alert.severity_id < view.severity) return false;
  if (view.entity) {
    if (view.entity.kind !== "" && alert.entity_kind !== view.entity.kind) return false;
    if (alert.entity_value !== view.entity.value) return false;
  }
  if (view.program !== "" && alert.program !== view.program) return false;
  const assignee = assigneeOf(view, me);
  if (assignee !== undefined && (alert.assignee ?? "") !== assignee) return false;
  const text = view.text.toLowerCase();
  const said = [alert.title, alert.message, alert.entity_value, alert.story_key];
  if (text !== "" && !said.some((part) => part.toLowerCase().includes(text))) return false;
  // A finding of the rule may be among its findings though another rule leads.
  if (view.rule !== "" && alert.rule_id !== view.rule) return "maybe";
  return true;
}

/** How many of the filters that are folded away on a small screen are set. */
export function countFilters(view: View): number {
  const usual = same(view.status, TODO);
  const set = [!usual, view.severity > 0, view.text !== "", view.entity, view.rule, view.program, view.assignee];
  return set.filter(Boolean).length;
}

/** Two addresses that show the same, wherever the cursor is. */
export const sameView = (a: AlertSearch, b: AlertSearch): boolean =>
  JSON.stringify(writeSearch(readSearch(a))) === JSON.stringify(writeSearch(readSearch(b)));

/** A saved view's content, whoever wrote it. */
export function searchOf(content: unknown): AlertSearch {
  if (typeof content !== "object" || content === null) return {};
  const search: AlertSearch = {};
  const from = content as Record<string, unknown>;
  for (const key of ["status", "severity", "text", "entity", "rule", "program", "assignee", "order"] as const) {
    const value = from[key];
    if (typeof value === "string" && value !== "") search[key] = value;
  }
  return writeSearch(readSearch(search));
}
