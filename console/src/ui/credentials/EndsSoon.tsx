/** Credentials that end within two weeks and were not renewed. */
import { Anchor, List } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { Schemas } from "../../api/client";
import { brief, plural } from "../../lib/format";
import { Notice } from "../Notice";
import { When } from "../When";

type Ending = Schemas["Ending"];

const words = (one: Ending): string =>
  one.credential === "certificate" ? `certificate ${one.serial?.slice(0, 16) ?? ""}… of` : "token of";

export function EndsSoon({ ending }: { ending: Ending[] }) {
  if (ending.length === 0) return null;
  return (
    <Notice tone="care" title={`${plural(ending.length, "credential")} to be renewed`} data-ends="">
      <List size="sm">
        {ending.map((one) => (
          <List.Item key={`${one.holder} ${one.id} ${one.fingerprint ?? ""}`} className="rf-outside">
            The {words(one)} <Of one={one} /> ends <When ms={one.ends_ms} />
          </List.Item>
        ))}
      </List>
    </Notice>
  );
}

function Of({ one }: { one: Ending }) {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) =>
        one.holder === "source" ? (
          <Link to="/sources" search={{ source: `${one.program ?? ""}/${one.name}` }} {...props} />
        ) : (
          <Link to="/access" search={{ service: one.id }} {...props} />
        )
      }
    >
      {brief(one.name, 60)}
    </Anchor>
  );
}
