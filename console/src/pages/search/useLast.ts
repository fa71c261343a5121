import { useState } from "react";

/**
 * A value, or the last one there was while the next is on its way: what is counted beside the rows
 * stays in its place instead of coming and going.
 */
export function useLast<T>(value: T | undefined, coming: boolean): { value: T | undefined; old: boolean } {
  const [last, setLast] = useState(value);
  if (value !== undefined && value !== last) setLast(value);
  if (value === undefined && !coming && last !== undefined) setLast(undefined);
  const old = value === undefined && coming && last !== undefined;
  return { value: old ? last : value, old };
}
