/** How bad: OCSF `severity_id` as word, shape and colour. Never a colour alone. */
import { Group, Text } from "@mantine/core";

const STEPS = [
  { word: "Unknown", color: "var(--mantine-color-gray-6)", points: 0 },
  { word: "Informational", color: "var(--mantine-color-gray-6)", points: 0 },
  { word: "Low", color: "var(--mantine-color-blue-6)", points: 4 },
  { word: "Medium", color: "var(--mantine-color-yellow-7)", points: 3 },
  { word: "High", color: "var(--mantine-color-orange-7)", points: 8 },
  { word: "Critical", color: "var(--mantine-color-red-7)", points: 8 },
  { word: "Fatal", color: "var(--mantine-color-grape-7)", points: 8 },
] as const;

const step = (id: number) => STEPS[id] ?? STEPS[0];

export const severityWord = (id: number): string => step(id).word;
export const severityColor = (id: number): string => step(id).color;

/** Circle, diamond, triangle, octagon; from high on it is filled. */
export function SeverityShape({ id, size = 14 }: { id: number; size?: number }) {
  const { color, points } = step(id);
  const common = { stroke: color, strokeWidth: 2, fill: id >= 4 ? color : "none", strokeLinejoin: "round" as const };
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" style={{ flex: "none" }}>
      {points === 0 && <circle cx="8" cy="8" r="5" {...common} />}
      {points === 4 && <path d="M8 2 14 8 8 14 2 8Z" {...common} />}
      {points === 3 && <path d="M8 2.5 14.5 13.5 1.5 13.5Z" {...common} />}
      {points === 8 && <path d="M5.2 1.5h5.6l3.7 3.7v5.6l-3.7 3.7H5.2l-3.7-3.7V5.2Z" {...common} />}
      {id >= 4 && <path d="M8 4.4v4.4M8 11v.6" stroke="#fff" strokeWidth="1.8" strokeLinecap="round" />}
    </svg>
  );
}

export function Severity({ id, bare = false }: { id: number; bare?: boolean }) {
  return (
    <Group gap={6} wrap="nowrap" component="span" title={bare ? severityWord(id) : undefined}>
      <SeverityShape id={id} />
      {bare ? (
        <span className="mantine-visually-hidden" style={HIDDEN}>
          {severityWord(id)}
        </span>
      ) : (
        <Text span size="sm" fw={id >= 4 ? 600 : 400}>
          {severityWord(id)}
        </Text>
      )}
    </Group>
  );
}

/** For readers of the screen only. */
export const HIDDEN = {
  position: "absolute",
  width: 1,
  height: 1,
  overflow: "hidden",
  clipPath: "inset(50%)",
  whiteSpace: "nowrap",
} as const;
