/** The name of a person or a service; a person's leads to their page. */
import { Anchor, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { brief } from "../lib/format";

export function PrincipalName({ id, name, kind }: { id: string; name: string; kind: string }) {
  const shown = brief(name, 60);
  return kind === "person" ? (
    <Anchor
      size="sm"
      fw={600}
      c="inherit"
      className="rf-outside"
      renderRoot={(props) => <Link to="/people/$id" params={{ id }} {...props} />}
    >
      {shown}
    </Anchor>
  ) : (
    <Text span size="sm" fw={600} className="rf-outside">
      {shown}
    </Text>
  );
}
