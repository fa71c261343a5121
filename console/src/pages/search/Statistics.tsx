/** Which values a field has in the rows that the search is about, commonest first. */
import { ActionIcon, Group, Loader, Text, Tooltip, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconFilterMinus, IconFilterPlus } from "@tabler/icons-react";
import { count, plural } from "../../lib/format";
import { visible } from "../../lib/visible";
import { Severity } from "../../ui/Severity";
import { type Source, valuesSql } from "./build";
import { valuesOf } from "./buckets";
import { COUNTED, columnOf, severityOf, shown } from "./columns";
import { useBeside } from "./run";
import classes from "./Search.module.css";
import { type Filter, filterFor } from "./state";
import { useLast } from "./useLast";

const MOST = 12;

export function Statistics({
  source,
  coming,
  at,
  field,
  pick,
  onFilter,
}: {
  /** Nothing until the rows are there. */
  source: Source | undefined;
  /** Whether the rows are on their way. */
  coming: boolean;
  at: number;
  field: string;
  pick: (field: string) => void;
  onFilter?: ((filter: Filter) => void) | undefined;
}) {
  return (
    <ul className={classes["fields"]} aria-label="Fields and their values">
      {COUNTED.map((name) => {
        const open = name === field;
        const Icon = open ? IconChevronDown : IconChevronRight;
        return (
          <li key={name}>
            <Tooltip label={columnOf(name)?.help} position="right" openDelay={600}>
              <UnstyledButton className={classes["field"]} aria-expanded={open} onClick={() => pick(open ? "" : name)}>
                <Icon size={13} aria-hidden="true" />
                <span className="rf-clip">{name}</span>
              </UnstyledButton>
            </Tooltip>
            {open && <Values source={source} coming={coming} at={at} field={field} onFilter={onFilter} />}
          </li>
        );
      })}
    </ul>
  );
}

function Values({
  source,
  coming,
  at,
  field,
  onFilter,
}: {
  source: Source | undefined;
  /** Whether the rows are on their way. */
  coming: boolean;
  at: number;
  field: string;
  onFilter?: ((filter: Filter) => void) | undefined;
}) {
  const { data: now, error, pending } = useBeside(source && valuesSql(source, field, MOST), at, valuesOf);
  const { value: data, old } = useLast(now, coming || pending);
  if (error) {
    return (
      <Text size="xs" c="dimmed" px="xs" pb="xs">
        These could not be counted.
      </Text>
    );
  }
  if (!data) {
    return (
      <Group gap={6} px="xs" pb="xs" mih={26}>
        {pending && <Loader size={12} role="status" aria-label="Counting" />}
        <Text size="xs" c="dimmed">
          {pending ? "Counting…" : "After the rows are there."}
        </Text>
      </Group>
    );
  }
  const rest = data.different - data.values.length;
  return (
    <div className={classes["values"]} data-old={old ? "" : undefined}>
      <ul aria-label={`Values of ${field}`}>
        {data.values.map(({ value, n, share }) => {
          const text = shown(value);
          const severity = field === "severity" ? severityOf(value) : undefined;
          const percent =
            share >= 0.1 || share === 0
              ? `${Math.round(share * 100)} %`
              : share < 0.001
                ? "<0.1 %"
                : `${(share * 100).toFixed(1)} %`;
          return (
            <li key={`${typeof value} ${text}`} className={classes["value"]}>
              <span
                className={classes["share"]}
                style={{ width: `${Math.max(share * 100, 0.5)}%` }}
                aria-hidden="true"
              />
              <span className={`rf-clip rf-outside ${classes["valueText"] ?? ""}`} title={text.slice(0, 300)}>
                {severity !== undefined ? (
                  <Severity id={severity} />
                ) : text === "" ? (
                  <i>empty</i>
                ) : (
                  visible(text.slice(0, 200))
                )}
              </span>
              <span className={classes["valueCount"]}>
                <span className="rf-num">{count(n)}</span>
                <span className={`rf-num ${classes["percent"] ?? ""}`}>{percent}</span>
              </span>
              {onFilter && !old && (
                <span className={classes["valueTools"]}>
                  <Tooltip label="Only these">
                    <ActionIcon
                      size="xs"
                      variant="default"
                      aria-label={`Only rows where ${field} is ${text || "empty"}`}
                      onClick={() => onFilter(filterFor(field, value, true))}
                    >
                      <IconFilterPlus size={12} />
                    </ActionIcon>
                  </Tooltip>
                  <Tooltip label="Without these">
                    <ActionIcon
                      size="xs"
                      variant="default"
                      aria-label={`Without rows where ${field} is ${text || "empty"}`}
                      onClick={() => onFilter(filterFor(field, value, false))}
                    >
                      <IconFilterMinus size={12} />
                    </ActionIcon>
                  </Tooltip>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      <Text size="xs" c="dimmed" mt={2}>
        {data.total === 0
          ? "No rows."
          : rest > 0
            ? `and ${plural(rest, "other value")}`
            : plural(data.different, "value")}
      </Text>
    </div>
  );
}
