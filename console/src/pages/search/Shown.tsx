/** The SQL that a simple search asks: always to be seen, to be copied, to be taken over. */
import { Button, Group, Text, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconCode } from "@tabler/icons-react";
import { useState } from "react";
import { Copy } from "../../ui/Copyable";
import { KEYWORDS } from "./dialect";
import { tokens } from "./plain";
import classes from "./Search.module.css";

export function Shown({ sql, takeOver }: { sql: string; takeOver: () => void }) {
  const [whole, setWhole] = useState(false);
  const Icon = whole ? IconChevronDown : IconChevronRight;
  return (
    <section className={classes["sql"]} aria-label="The SQL of this search">
      <UnstyledButton className={classes["sqlToggle"]} onClick={() => setWhole((w) => !w)} aria-expanded={whole}>
        <Icon size={13} aria-hidden="true" />
        <Text span size="xs" fw={600}>
          SQL
        </Text>
      </UnstyledButton>
      <code className={`${classes["sqlText"] ?? ""} rf-outside`} data-whole={whole ? "" : undefined}>
        <Coloured sql={sql} />
      </code>
      <Group gap={4} wrap="nowrap" className={classes["sqlTools"]}>
        <Copy text={sql} what="the SQL of this search" />
        <Button
          size="compact-xs"
          variant="default"
          leftSection={<IconCode size={13} aria-hidden="true" />}
          onClick={takeOver}
        >
          Edit as SQL
        </Button>
      </Group>
    </section>
  );
}

/** Keywords and texts told apart; text stays text. */
function Coloured({ sql }: { sql: string }) {
  const parts = [];
  let at = 0;
  for (const token of tokens(sql)) {
    if (token.from > at) parts.push(sql.slice(at, token.from));
    at = token.to;
    if (token.kind === "word" && KEYWORDS.has(token.text.toUpperCase()))
      parts.push(<b key={token.from}>{token.text}</b>);
    else if (token.kind === "text")
      parts.push(
        <span key={token.from} className={classes["sqlLiteral"]}>
          {token.text}
        </span>,
      );
    else parts.push(token.text);
  }
  return parts;
}
