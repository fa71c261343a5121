/** What a view shows when it has nothing to show. "No data" never looks like "no alerts". */
import { Button, Paper, Skeleton, Stack, Text, Title } from "@mantine/core";
import { IconCircleCheck, IconCircleDashed, IconLock, IconPlugConnectedX, IconRadar2 } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { Problem } from "../api/client";

type Mood = "calm" | "blind" | "none";

/**
 * Nothing there. `calm`: nothing is wrong. `blind`: nothing can be seen, which is wrong.
 * `none`: there just is none.
 */
export function Empty({ mood = "none", title, children }: { mood?: Mood; title: string; children?: ReactNode }) {
  const Icon = mood === "calm" ? IconCircleCheck : mood === "blind" ? IconRadar2 : IconCircleDashed;
  const color = mood === "calm" ? "green.7" : mood === "blind" ? "orange.7" : "dimmed";
  return (
    <Paper p="xl" ta="center" role="status" data-mood={mood}>
      <Text c={color} component="div">
        <Icon size={36} stroke={1.5} aria-hidden="true" />
      </Text>
      <Title order={2} size="h4" mt="xs">
        {title}
      </Title>
      {children !== undefined && (
        <Text c="dimmed" size="sm" mt={4} component="div">
          {children}
        </Text>
      )}
    </Paper>
  );
}

/** It went wrong: what, and what to do. */
export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof Problem ? error : undefined;
  if (problem?.status === 403) return <Forbidden detail={problem.detail} />;
  return (
    <Paper p="xl" ta="center" role="alert">
      <Text c="red.7" component="div">
        <IconPlugConnectedX size={36} stroke={1.5} aria-hidden="true" />
      </Text>
      <Title order={2} size="h4" mt="xs">
        {problem?.title ?? "This did not work"}
      </Title>
      <Text c="dimmed" size="sm" mt={4} className="rf-outside">
        {problem?.detail ?? (error instanceof Error ? error.message : "No more is known.")}
      </Text>
      {retry && (
        <Button mt="md" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </Paper>
  );
}

export function Forbidden({ detail }: { detail?: string }) {
  return (
    <Paper p="xl" ta="center" role="alert">
      <Text c="dimmed" component="div">
        <IconLock size={36} stroke={1.5} aria-hidden="true" />
      </Text>
      <Title order={2} size="h4" mt="xs">
        This is not for you to see
      </Title>
      <Text c="dimmed" size="sm" mt={4}>
        {detail ?? "Your role does not include it."} Ask an administrator of Ringfence.
      </Text>
    </Paper>
  );
}

/** On its way: the shape of what will come. */
export function Loading({ rows = 6, height = 36 }: { rows?: number; height?: number }) {
  return (
    <Stack gap="xs" aria-busy="true" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        <Skeleton key={i} height={height} radius="md" />
      ))}
    </Stack>
  );
}

/** A view of one question: its four states in one place. */
export function Asked<T>({
  query,
  loading,
  empty,
  children,
}: {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  loading?: ReactNode;
  /** Shown instead of the answer where this gives something. */
  empty?: (data: T) => ReactNode;
  children: (data: T) => ReactNode;
}) {
  if (query.data === undefined) {
    if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
    return loading ?? <Loading />;
  }
  const instead = empty?.(query.data);
  // `condition && <Empty …>` gives `false`, which is nothing, too.
  return instead === undefined || instead === null || instead === false ? children(query.data) : instead;
}
