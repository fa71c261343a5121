/** What an alert is about: rules name more kinds of things than there are pages. */
import { type EntityKind } from "../api/queries";
import { EntityChip } from "./EntityChip";
import classes from "./EntityChip.module.css";

const KINDS: Record<string, EntityKind> = {
  call: "call",
  agent: "agent",
  customer: "customer",
  number: "number",
  caller: "number",
  address: "address",
  src_ip: "address",
  dst_ip: "address",
  ip: "address",
  device: "device",
};

/** The page and timeline of an alert's entity, where there is one. */
export const entityKindOf = (kind: string): EntityKind | undefined =>
  Object.hasOwn(KINDS, kind) ? KINDS[kind] : undefined;

/** What people call such a thing: `address`. */
export const kindWord = (kind: string): string => entityKindOf(kind) ?? kind.replaceAll("_", " ");

/** Where an entity's page is. */
export const entityHref = (kind: EntityKind, value: string): string =>
  kind === "call" ? `/calls/${encodeURIComponent(value)}` : `/entity/${kind}/${encodeURIComponent(value)}`;

export function StoryEntity({ kind, value, size = "sm" }: { kind: string; value: string; size?: "xs" | "sm" }) {
  const known = entityKindOf(kind);
  if (known) return <EntityChip kind={known} value={value} size={size} />;
  return (
    <span
      className={classes["chip"]}
      title={`${kind} ${value}`}
      style={{ fontSize: `var(--mantine-font-size-${size})` }}
    >
      <span className="rf-clip rf-outside">
        {kindWord(kind)} {value}
      </span>
    </span>
  );
}
