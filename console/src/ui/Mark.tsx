import { Group, Text } from "@mantine/core";

/** The name with its sign. */
export function Mark({ wordless = false }: { wordless?: boolean }) {
  return (
    <Group gap={8} wrap="nowrap" component="span">
      <img src="/assets/mark.svg" width={26} height={26} alt={wordless ? "Ringfence" : ""} />
      {!wordless && (
        <Text span fw={700} style={{ letterSpacing: "-0.01em" }}>
          Ringfence
        </Text>
      )}
    </Group>
  );
}
