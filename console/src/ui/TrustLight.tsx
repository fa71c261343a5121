/** How far something can be trusted: a light that always says its word. */
import { Group, Text, Tooltip } from "@mantine/core";

export type Trust = "good" | "care" | "bad" | "unseen";

const LIGHTS: Record<Trust, { word: string; color: string }> = {
  good: { word: "Good", color: "var(--mantine-color-green-7)" },
  care: { word: "Take care", color: "var(--mantine-color-yellow-7)" },
  bad: { word: "Bad", color: "var(--mantine-color-red-7)" },
  unseen: { word: "Not observed", color: "var(--mantine-color-gray-6)" },
};

/** Check in a circle, triangle, cross in an octagon, dashed circle. */
export function TrustShape({ trust }: { trust: Trust }) {
  const { color } = LIGHTS[trust];
  const line = { stroke: "#fff", strokeWidth: 1.8, strokeLinecap: "round" as const, fill: "none" };
  return (
    <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true" style={{ flex: "none" }}>
      {trust === "good" && (
        <>
          <circle cx="8" cy="8" r="7" fill={color} />
          <path d="m4.8 8.2 2.2 2.2 4.2-4.6" {...line} />
        </>
      )}
      {trust === "care" && (
        <>
          <path d="M8 1.2 15.4 14.4H.6Z" fill={color} />
          <path d="M8 6v4M8 12.2v.1" {...line} />
        </>
      )}
      {trust === "bad" && (
        <>
          <path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5Z" fill={color} />
          <path d="m5.4 5.4 5.2 5.2m0-5.2-5.2 5.2" {...line} />
        </>
      )}
      {trust === "unseen" && (
        <circle cx="8" cy="8" r="6.4" fill="none" stroke={color} strokeWidth="1.6" strokeDasharray="2.6 2.4" />
      )}
    </svg>
  );
}

/** `what` is what is judged, `says` the verdict in words, `why` more on hover. */
export function TrustLight({ what, trust, says, why }: { what: string; trust: Trust; says?: string; why?: string }) {
  const light = (
    <Group gap={8} wrap="nowrap" align="center" component="span" {...(why ? { tabIndex: 0 } : {})}>
      <TrustShape trust={trust} />
      <span>
        <Text span size="xs" c="dimmed" style={{ display: "block", lineHeight: 1.1 }}>
          {what}
        </Text>
        <Text span size="sm" fw={500} style={{ lineHeight: 1.2 }}>
          {says ?? LIGHTS[trust].word}
        </Text>
      </span>
    </Group>
  );
  return why ? <Tooltip label={why}>{light}</Tooltip> : light;
}

/** The same in one line, where the column already says what is judged. */
export function TrustSign({ trust, says }: { trust: Trust; says: string }) {
  return (
    <Group gap={6} wrap="nowrap" component="span" data-trust={trust}>
      <TrustShape trust={trust} />
      <Text span size="sm" c={trust === "unseen" ? "dimmed" : undefined}>
        {says}
      </Text>
    </Group>
  );
}
