/** The look: few colours, one accent, calm surfaces. Severity and trust have their own tokens in `ui/`. */
import { type MantineColorsTuple, createTheme, defaultVariantColorsResolver } from "@mantine/core";

const ring: MantineColorsTuple = [
  "#e9f7f8",
  "#d5ebed",
  "#a9d7da",
  "#7ac2c7",
  "#54b0b7",
  "#3ba5ad",
  "#2a9da7",
  "#178791",
  "#067982",
  "#006971",
];

export const theme = createTheme({
  primaryColor: "ring",
  primaryShade: { light: 8, dark: 5 },
  colors: { ring },
  autoContrast: true,
  luminanceThreshold: 0.3,
  // Letters on the accent: dark ones where it is light, as it is in the dark scheme.
  variantColorResolver: (input) => {
    const colors = defaultVariantColorsResolver(input);
    const accent = input.variant === "filled" && (input.color ?? input.theme.primaryColor) === input.theme.primaryColor;
    return accent ? { ...colors, color: "var(--mantine-primary-color-contrast)" } : colors;
  },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif",
  fontFamilyMonospace: "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
  headings: { fontWeight: "650" },
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, multiline: true, maw: 340 } },
    Paper: { defaultProps: { withBorder: true } },
    Table: { defaultProps: { verticalSpacing: 6 } },
    // The head of a dialog is no banner of the page, and its cross has a name.
    Modal: { defaultProps: { closeButtonProps: { "aria-label": "Leave" }, attributes: { header: { role: "none" } } } },
    Drawer: { defaultProps: { closeButtonProps: { "aria-label": "Leave" }, attributes: { header: { role: "none" } } } },
  },
});
