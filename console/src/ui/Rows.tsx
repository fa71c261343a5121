/** Rows under their headings, in a frame that scrolls sideways by itself where there is no room, also by key. */
import { Paper, Table } from "@mantine/core";
import type { ReactNode } from "react";
import { HIDDEN } from "./Severity";

export function Rows({
  label,
  columns,
  acts = false,
  wide = 560,
  hover = false,
  children,
}: {
  /** What the rows are, for whoever does not see them. */
  label: string;
  columns: readonly ReactNode[];
  /** Whether a last column has what can be done. */
  acts?: boolean;
  /** Below this width it scrolls. */
  wide?: number;
  hover?: boolean;
  children: ReactNode;
}) {
  return (
    <Paper pos="relative" style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label={label}>
      <Table horizontalSpacing={8} miw={wide} highlightOnHover={hover}>
        <Table.Thead style={{ whiteSpace: "nowrap" }}>
          <Table.Tr>
            {columns.map((column, at) => (
              <Table.Th key={at}>{column}</Table.Th>
            ))}
            {acts && (
              <Table.Th>
                <span style={HIDDEN}>What can be done</span>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>{children}</Table.Tbody>
      </Table>
    </Paper>
  );
}
