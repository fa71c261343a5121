/** Something to know before going on: a word about what is shown, never a replacement for it. */
import { Alert } from "@mantine/core";
import { IconAlertTriangle, IconInfoCircle } from "@tabler/icons-react";
import type { ReactNode } from "react";

const TONES = {
  note: { color: "gray", icon: IconInfoCircle },
  care: { color: "yellow", icon: IconAlertTriangle },
  bad: { color: "red", icon: IconAlertTriangle },
} as const;

export function Notice({
  tone = "note",
  title,
  icon,
  children,
  ...rest
}: {
  tone?: keyof typeof TONES;
  title?: string;
  icon?: ReactNode;
  children?: ReactNode;
  [data: `data-${string}`]: string;
}) {
  const { color, icon: Icon } = TONES[tone];
  return (
    <Alert
      color={color}
      variant="outline"
      icon={icon ?? <Icon size={18} />}
      mb="sm"
      role={tone === "bad" ? "alert" : "note"}
      bg="var(--mantine-color-body)"
      style={tone === "note" ? { borderColor: "var(--rf-line)" } : {}}
      {...(title === undefined ? {} : { title })}
      // Coloured letters would be too faint on the page.
      styles={{ title: { color: "var(--mantine-color-text)" }, message: { color: "var(--mantine-color-text)" } }}
      {...rest}
    >
      {children}
    </Alert>
  );
}
