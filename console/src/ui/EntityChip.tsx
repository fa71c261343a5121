/** A call, agent, customer, number, address, device or program, wherever it is named: one look, one way to its page. */
import { Text } from "@mantine/core";
import {
  IconBuilding,
  IconDeviceDesktop,
  IconHash,
  IconHeadset,
  IconNetwork,
  IconPhone,
  IconUser,
} from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { EntityKind } from "../api/queries";
import { visible } from "../lib/visible";
import classes from "./EntityChip.module.css";

export type ChipKind = EntityKind | "program";

const ICONS = {
  call: IconPhone,
  agent: IconHeadset,
  customer: IconUser,
  number: IconHash,
  address: IconNetwork,
  device: IconDeviceDesktop,
  program: IconBuilding,
};

/** A minted call id is long and says nothing: its first characters tell it from its neighbours. */
export const shortCall = (uid: string): string => (/^call-[0-9a-f]{32}$/.test(uid) ? `call ${uid.slice(5, 13)}` : uid);

/** The sign of a kind alone. */
export function EntityIcon({ kind, size }: { kind: ChipKind; size: number }) {
  const Icon = ICONS[kind];
  return <Icon size={size} aria-hidden="true" className={classes["icon"]} />;
}

export function EntityChip({ kind, value, size = "sm" }: { kind: ChipKind; value: string; size?: "xs" | "sm" }) {
  const text = visible(kind === "call" ? shortCall(value) : value);
  const inner = (
    <>
      <EntityIcon kind={kind} size={size === "xs" ? 12 : 14} />
      <Text span size={size} className="rf-clip rf-outside">
        {text}
      </Text>
    </>
  );
  const name = `${kind} ${visible(value)}`;
  // What is said contains what is seen.
  const said = kind === "call" && shortCall(value) !== value ? text : name;
  if (kind === "program") {
    return (
      <span className={classes["chip"]} title={name}>
        {inner}
      </span>
    );
  }
  if (kind === "call") {
    return (
      <Link to="/calls/$uid" params={{ uid: value }} className={classes["chip"]} title={name} aria-label={said}>
        {inner}
      </Link>
    );
  }
  return (
    <Link to="/entity/$kind/$value" params={{ kind, value }} className={classes["chip"]} title={name} aria-label={said}>
      {inner}
    </Link>
  );
}
