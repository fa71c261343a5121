/** Rules that could not be loaded: what they would find is not found. */
import { Box, Group, Paper, Text } from "@mantine/core";
import { TrustShape } from "../../ui/TrustLight";
import type { Mistake } from "./model";

export function Broken({ mistakes }: { mistakes: Mistake[] }) {
  return (
    <>
      <Paper component="ul" style={{ listStyle: "none", margin: 0, padding: 0 }} aria-label="Rules with mistakes">
        {mistakes.map((mistake, i) => (
          <Box
            key={`${mistake.file}:${mistake.line ?? ""}:${i}`}
            component="li"
            px="sm"
            py={8}
            style={{ borderTop: i > 0 ? "1px solid var(--rf-line)" : undefined }}
          >
            <Group gap={8} wrap="nowrap" align="flex-start">
              <Box pt={2} style={{ flex: "none" }}>
                <TrustShape trust="bad" />
              </Box>
              <div style={{ minWidth: 0 }}>
                <Text size="sm" className="rf-outside">
                  <b>{mistake.title ?? "A rule without a title"}</b>: {mistake.message}
                </Text>
                <Text size="xs" c="dimmed" className="rf-mono">
                  {mistake.file}
                  {mistake.line !== undefined && `:${mistake.line}`}
                </Text>
              </div>
            </Group>
          </Box>
        ))}
      </Paper>
      <Text size="xs" c="dimmed" mt={4}>
        Correct the file: folders are read again within seconds. ringfence rules check FOLDER says the same on the
        command line.
      </Text>
    </>
  );
}
