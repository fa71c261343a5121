/** Rules as a list: what is asked for, in which order, what a rule costs. */
import type { Schemas } from "../../api/client";

export type Rule = Schemas["Rule"];

/** A mistake of a rule file, or a pasted record that could not be read. */
export interface Mistake {
  file: string;
  line: number | undefined;
  title: string | undefined;
  message: string;
}

/** A mistake as the pages show it. */
export function mistakeOf(told: Schemas["RuleMistake"]): Mistake {
  return { file: told.file, line: told.line ?? undefined, title: told.rule ?? undefined, message: told.what };
}

/** Levels of Sigma with the severity that a finding of the rule gets. */
export const LEVELS = [
  ["critical", 5],
  ["high", 4],
  ["medium", 3],
  ["low", 2],
  ["informational", 1],
] as const;

export const levelId = (level: string | null): number => LEVELS.find(([name]) => name === level)?.[1] ?? 0;

/** What names a rule in the address: its id, or where it stands if it has none. */
export const ruleKey = (rule: Rule): string => rule.id ?? `${rule.file}:${rule.line}`;

const SORTS = ["level", "hits", "cost", "title"] as const;
export type SortBy = (typeof SORTS)[number];
export interface Sort {
  by: SortBy;
  down: boolean;
}

/** Text begins at its beginning, figures at the largest. */
const natural = (by: SortBy): boolean => by !== "title";

/** From the address: `hits`, or `-hits` the other way round. */
export function sortOf(text: string | undefined): Sort {
  const turned = text?.startsWith("-") ?? false;
  const by = SORTS.find((name) => name === text?.replace(/^-/, "")) ?? "level";
  return { by, down: natural(by) !== turned };
}

/** What goes into the address when a column is chosen: chosen again, it turns around. */
export function nextSort(now: Sort, by: SortBy): string | undefined {
  const text = now.by === by && now.down === natural(by) ? `-${by}` : by;
  return text === "level" ? undefined : text;
}

function compare(by: SortBy, a: Rule, b: Rule): number {
  switch (by) {
    case "level":
      return levelId(a.level) - levelId(b.level);
    case "hits":
      return a.hits - b.hits;
    case "cost":
      return (a.micros ?? -1) - (b.micros ?? -1);
    case "title":
      return a.title.localeCompare(b.title);
  }
}

export function sorted(rules: Rule[], { by, down }: Sort): Rule[] {
  const sign = down ? -1 : 1;
  return [...rules].sort(
    (a, b) => sign * compare(by, a, b) || a.title.localeCompare(b.title) || ruleKey(a).localeCompare(ruleKey(b)),
  );
}

/** `product / category`, as the rule names it. */
export function sayLogsource(rule: Rule): string {
  const parts = ["product", "service", "category"].flatMap((key) => {
    const value = rule.logsource?.[key];
    return typeof value === "string" && value !== "" ? [value] : [];
  });
  if (parts.length > 0) return parts.join(" / ");
  return rule.kind === "correlation" ? "counts other rules" : "everything";
}

/** Rules of one level (if one is asked for) that have all words somewhere. */
export function matching(rules: Rule[], text: string, level: string | undefined): Rule[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return rules.filter((rule) => {
    if (level !== undefined && rule.level !== level) return false;
    if (words.length === 0) return true;
    const all = [
      rule.title,
      rule.id ?? "",
      rule.name ?? "",
      rule.kind,
      rule.file,
      rule.description ?? "",
      sayLogsource(rule),
      ...(rule.tags ?? []),
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => all.includes(word));
  });
}

const fine = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 2 });

/** What a rule costs: measured microseconds an event that it was tried on. */
export const sayCost = (micros: number | null | undefined): string =>
  typeof micros === "number" ? `${fine.format(micros)} µs` : "not tried yet";

/** The file without the folder where that is long: its end tells it apart. */
export function sayFile(rule: Pick<Rule, "file" | "line">): string {
  const parts = rule.file.split("/");
  return `${parts.slice(-2).join("/")}:${rule.line}`;
}

/** A reference is only a link when it cannot be anything else: no scripts, no files. */
export function safeLink(text: string): string | undefined {
  if (!/^https?:\/\//i.test(text)) return undefined;
  try {
    const url = new URL(text);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}

/** ATT&CK techniques and tactics of the tags as people write them; other tags as they are. */
export function sayTag(tag: string): string {
  const technique = /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(tag)?.[1];
  if (technique) return `ATT&CK ${technique.toUpperCase()}`;
  const tactic = /^attack\.(.+)$/i.exec(tag)?.[1];
  return tactic ? `ATT&CK ${tactic.replaceAll(/[-_]/g, " ")}` : tag;
}

/** What the block `ringfence` of a rule says, whatever it holds. */
export function extras(rule: Rule): { message: string | undefined; story: string[]; steps: string[] } {
  const block = rule.ringfence ?? {};
  const list = (value: unknown): string[] =>
    (Array.isArray(value) ? value : [value]).filter((v): v is string => typeof v === "string" && v !== "");
  const message = block["message"];
  return {
    message: typeof message === "string" ? message : undefined,
    story: list(block["story"]),
    steps: list(block["first_steps"]),
  };
}
