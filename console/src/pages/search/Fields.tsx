/** Names and values of a row, each with what can be done with it. */
import { ActionIcon, Group, Tooltip } from "@mantine/core";
import { IconColumnInsertRight, IconFilterMinus, IconFilterPlus } from "@tabler/icons-react";
import { Fragment } from "react";
import { visible } from "../../lib/visible";
import { Cell, momentOf } from "./Cell";
import { chipOf, columnOf, kindOf, shown } from "./columns";
import { factText } from "./leaves";
import classes from "./Search.module.css";
import { type Filter, filterFor } from "./state";

export interface FieldTools {
  /** Absent where the search cannot be narrowed by a click. */
  filter?: ((filter: Filter) => void) | undefined;
  /** Shows a field as a column. */
  column?: ((field: string) => void) | undefined;
  /** Columns that are shown already. */
  columns: readonly string[];
}

/** The condition that a field stands for; nothing when it cannot be asked about. */
function asked(name: string, value: unknown, wanted: boolean, facts: boolean): Filter | undefined {
  if (facts) {
    // How a number goes on cannot be told inside a text.
    if (typeof value !== "string" && typeof value !== "boolean") return undefined;
    return { field: "enrichment", op: wanted ? "has" : "hasnot", values: [factText(name, value)] };
  }
  if (kindOf(name) === undefined || ["ocsf", "raw", "enrichment"].includes(name)) return undefined;
  if (columnOf(name) === undefined && typeof value === "object") return undefined;
  return filterFor(name, value, wanted);
}

export function Fields({
  label,
  fields,
  types,
  tools,
  facts = false,
}: {
  label: string;
  fields: readonly (readonly [string, unknown])[];
  types: ReadonlyMap<string, string>;
  tools: FieldTools;
  /** Whether these are facts of the call join. */
  facts?: boolean;
}) {
  return (
    <dl className={classes["pairs"]} aria-label={label}>
      {fields.map(([name, value]) => {
        const only = asked(name, value, true, facts);
        const without = asked(name, value, false, facts);
        const addable = !facts && kindOf(name) !== undefined && !tools.columns.includes(name);
        return (
          <div key={name} className={classes["pair"]}>
            <dt className="rf-outside">
              {/* Long paths break at their dots. */}
              {name.split(".").map((part, i) => (
                <Fragment key={i}>
                  {i > 0 && (
                    <>
                      .<wbr />
                    </>
                  )}
                  {part}
                </Fragment>
              ))}
            </dt>
            <dd>
              <Value name={name} value={value} type={types.get(name) ?? "text"} />
            </dd>
            <Group gap={2} wrap="nowrap" className={classes["pairTools"]} component="dd">
              {tools.filter && only && without && (
                <>
                  <Tooltip label="Only rows with this value">
                    <ActionIcon
                      size="sm"
                      variant="subtle"
                      color="gray"
                      aria-label={`Filter: ${name} is this`}
                      onClick={() => tools.filter?.(only)}
                    >
                      <IconFilterPlus size={14} />
                    </ActionIcon>
                  </Tooltip>
                  <Tooltip label="Without rows with this value">
                    <ActionIcon
                      size="sm"
                      variant="subtle"
                      color="gray"
                      aria-label={`Filter: ${name} is not this`}
                      onClick={() => tools.filter?.(without)}
                    >
                      <IconFilterMinus size={14} />
                    </ActionIcon>
                  </Tooltip>
                </>
              )}
              {tools.column && addable && (
                <Tooltip label="Show as a column">
                  <ActionIcon
                    size="sm"
                    variant="subtle"
                    color="gray"
                    aria-label={`Show ${name} as a column`}
                    onClick={() => tools.column?.(name)}
                  >
                    <IconColumnInsertRight size={14} />
                  </ActionIcon>
                </Tooltip>
              )}
            </Group>
          </div>
        );
      })}
    </dl>
  );
}

function Value({ name, value, type }: { name: string; value: unknown; type: string }) {
  // A cell cuts what is long; here everything is shown.
  const short = shown(value).length <= 256;
  const special = momentOf(value, type) !== undefined || (short && (chipOf(name) !== undefined || name === "severity"));
  if (special || shown(value) === "") return <Cell name={name} type={type} value={value} />;
  return <span className="rf-mono">{visible(shown(value))}</span>;
}
