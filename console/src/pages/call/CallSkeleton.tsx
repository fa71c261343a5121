import { Skeleton, Stack } from "@mantine/core";
import { Loading } from "../../ui/States";

/** The shape of a call's story while it is asked for. */
export function CallSkeleton() {
  return (
    <Stack gap="sm">
      <Skeleton height={58} radius="md" />
      <Skeleton height={96} radius="md" />
      <Skeleton height={220} radius="md" />
      <Loading rows={6} height={30} />
    </Stack>
  );
}
