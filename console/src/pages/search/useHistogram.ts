/** Counts over time for the rows that a search is about. */
import { useMediaQuery } from "@mantine/hooks";
import { useCallback, useMemo } from "react";
import type { Table } from "../../api/queries";
import { type Histogram, histogram, originFor, spanOf, stepFor } from "./buckets";
import { type Source, histogramSql, spanSql } from "./build";
import { useBeside } from "./run";

export interface Over {
  histogram: Histogram | undefined;
  error: unknown;
  pending: boolean;
}

/** `source` is nothing as long as, or because, nothing is to be counted. */
export function useHistogram(source: Source | undefined, range: { from?: number; to?: number }, at: number): Over {
  const narrow = useMediaQuery("(max-width: 48em)", false, { getInitialValueInEffect: false });
  const known = range.from !== undefined;
  // Where no beginning is given, the rows themselves say from when to when they reach.
  const span = useBeside(source && !known ? spanSql(source) : undefined, at, spanOf);
  const from = range.from ?? span.data?.from;
  const to = known ? (range.to ?? at) : span.data?.to;
  const shape = useMemo(() => {
    if (from === undefined || to === undefined) return undefined;
    return { from, to, step: stepFor(from, to, narrow ? 36 : 90), origin: originFor(from) };
  }, [from, to, narrow]);
  const read = useCallback(
    (table: Table) => shape && histogram(table.rows, shape.from, shape.to, shape.step, shape.origin),
    [shape],
  );
  const sql = source && shape && (known || span.data) ? histogramSql(source, shape.step, shape.origin) : undefined;
  const counts = useBeside(sql, at, read, 10_000);
  return {
    histogram: counts.data,
    error: span.error ?? counts.error,
    pending: source !== undefined && (span.pending || counts.pending),
  };
}
