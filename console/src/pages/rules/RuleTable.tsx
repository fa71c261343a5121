/** Rules as a table that stays fast with all of SigmaHQ in it: only the rows on the screen are drawn. */
import { Paper, Text, UnstyledButton } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useLayoutEffect, useRef, useState } from "react";
import { count, label, plural } from "../../lib/format";
import { SeverityShape } from "../../ui/Severity";
import { type Rule, type Sort, type SortBy, levelId, ruleKey, sayCost, sayFile, sayLogsource } from "./model";
import classes from "./RuleTable.module.css";

const cx = (...names: (keyof typeof classes)[]): string => names.map((name) => classes[name] ?? "").join(" ");

export function RuleTable({
  rules,
  sort,
  sortBy,
  open,
}: {
  rules: Rule[];
  sort: Sort;
  sortBy: (by: SortBy) => void;
  open: (rule: Rule) => void;
}) {
  const narrow = useMediaQuery("(max-width: 48em)", window.innerWidth <= 768);
  const body = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      if (body.current) setTop(body.current.getBoundingClientRect().top + window.scrollY);
    };
    measure();
    window.addEventListener("resize", measure);
    return () => window.removeEventListener("resize", measure);
  }, []);
  const height = narrow ? 58 : 52;
  const rows = useWindowVirtualizer({
    count: rules.length,
    estimateSize: () => height,
    overscan: 12,
    scrollMargin: top,
    getItemKey: (i) => (rules[i] ? ruleKey(rules[i]) : i),
  });
  const head = (by: SortBy, text: string, end = false) => (
    <Head by={by} sort={sort} sortBy={sortBy} end={end}>
      {text}
    </Head>
  );
  return (
    <Paper className={cx("table")} role="table" aria-label="Rules in force" aria-rowcount={rules.length + 1}>
      <div role="rowgroup">
        <div role="row" aria-rowindex={1} className={cx("row", "head")}>
          {head("level", "Level")}
          {head("title", "Rule")}
          <span role="columnheader" className={cx("wide")}>
            Log source, file
          </span>
          {head("hits", "Hits", true)}
          {head("cost", "Cost", true)}
        </div>
      </div>
      {/* A key, so that heights are taken anew when the layout changes. */}
      <div key={height} ref={body} role="rowgroup" className={cx("body")} style={{ height: rows.getTotalSize() }}>
        {rows.getVirtualItems().map((item) => {
          const rule = rules[item.index];
          return (
            rule && (
              <RuleRow
                key={item.key}
                rule={rule}
                index={item.index}
                top={item.start - top}
                height={height}
                open={() => open(rule)}
              />
            )
          );
        })}
      </div>
    </Paper>
  );
}

function Head({
  by,
  sort,
  sortBy,
  end,
  children,
}: {
  by: SortBy;
  sort: Sort;
  sortBy: (by: SortBy) => void;
  end: boolean;
  children: ReactNode;
}) {
  const here = sort.by === by;
  const Arrow = sort.down ? IconArrowDown : IconArrowUp;
  return (
    <span
      role="columnheader"
      aria-sort={here ? (sort.down ? "descending" : "ascending") : "none"}
      className={end ? cx("end") : undefined}
    >
      <UnstyledButton className={cx("sort")} onClick={() => sortBy(by)}>
        {children}
        {here && <Arrow size={14} aria-hidden="true" />}
      </UnstyledButton>
    </span>
  );
}

function RuleRow({
  rule,
  index,
  top,
  height,
  open,
}: {
  rule: Rule;
  index: number;
  top: number;
  height: number;
  open: () => void;
}) {
  const hits = rule.hits;
  const word = label(rule.level ?? "no level");
  return (
    // The button in it takes the keys; the row only makes the target larger.
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/interactive-supports-focus
    <div
      role="row"
      aria-rowindex={index + 2}
      className={cx("row", "item")}
      style={{ transform: `translateY(${top}px)`, height }}
      onClick={open}
    >
      <span role="cell" style={{ display: "flex", alignItems: "center", gap: 6 }}>
        <SeverityShape id={levelId(rule.level)} />
        <Text span size="sm" className={cx("broad")}>
          {word}
        </Text>
      </span>
      <span role="cell" style={{ minWidth: 0 }}>
        <UnstyledButton
          data-rule={ruleKey(rule)}
          onClick={(e) => {
            e.stopPropagation();
            open();
          }}
          display="block"
          maw="100%"
        >
          <Text span size="sm" fw={600} className="rf-outside rf-clip" display="block">
            {rule.title}
          </Text>
        </UnstyledButton>
        <Text size="xs" c="dimmed" className={`${cx("broad")} rf-outside rf-clip`}>
          {[rule.kind, ...(rule.tags ?? [])].join(" · ")}
        </Text>
        <Text size="xs" c="dimmed" className={`${cx("narrow")} rf-outside rf-clip`}>
          {word} · {plural(hits, "hit")} · {sayCost(rule.micros)} · {sayLogsource(rule)}
        </Text>
      </span>
      <span role="cell" className={cx("wide")} style={{ minWidth: 0 }}>
        <Text size="sm" className="rf-outside rf-clip" title={sayLogsource(rule)}>
          {sayLogsource(rule)}
        </Text>
        <Text size="xs" c="dimmed" className="rf-outside rf-clip" title={`${rule.file}:${rule.line}`}>
          {sayFile(rule)}
        </Text>
      </span>
      <Text
        span
        role="cell"
        size="sm"
        className={`${cx("middle")} rf-num`}
        fw={hits > 0 ? 600 : 400}
        c={hits > 0 ? undefined : "dimmed"}
      >
        {count(hits)}
      </Text>
      <Text
        span
        role="cell"
        size="sm"
        className={`${cx("middle")} rf-num`}
        c={typeof rule.micros === "number" ? undefined : "dimmed"}
      >
        {typeof rule.micros === "number" ? sayCost(rule.micros) : "not tried"}
      </Text>
    </div>
  );
}
