import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";

const pine: MantineColorsTuple = ["#eef7f2", "#dcefe5", "#b9dfcb", "#8fd2b2", "#63c89e", "#41a37c", "#2f8a66", "#247a59", "#1c6b4e", "#124a35"];
const stone: MantineColorsTuple = ["#faf9f5", "#f4f3ee", "#e9e7df", "#dedcd2", "#c9c7bd", "#a7a99f", "#6f7871", "#59645d", "#37423b", "#18211c"];
const night: MantineColorsTuple = ["#e8ede9", "#c3cdc6", "#9daaa2", "#66726b", "#3a4540", "#29322d", "#1b2320", "#161c19", "#0e1311", "#090c0b"];
const clay: MantineColorsTuple = ["#fbeeeb", "#f6dad5", "#f2bfb6", "#ffb3a7", "#ff9d8f", "#d9604f", "#bd3e2f", "#b23426", "#a92c1f", "#761c13"];

/** What is filled with a colour carries text that reads on it, in light and dark. */
const variants: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  if (input.variant !== "filled") return colors;
  const ground = input.color === "red" ? "var(--danger)" : !input.color || input.color === "pine" ? "var(--brand)" : undefined;
  return ground ? { ...colors, background: ground, hover: `color-mix(in srgb, ${ground}, var(--ink) 12%)`, color: "var(--on-brand)" } : colors;
};

/** Mantine dressed in the colours of ui/tokens.css, so that the console and the sign-in pages are one. */
export const theme = createTheme({
  colors: { pine, gray: stone, dark: night, red: clay },
  primaryColor: "pine",
  primaryShade: { light: 8, dark: 4 },
  variantColorResolver: variants,
  defaultRadius: "md",
  fontFamily: "var(--font)",
  fontFamilyMonospace: "var(--mono)",
  headings: { fontFamily: "var(--font)", fontWeight: "650" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    ModalHeader: { defaultProps: { role: "none" } }, // of its dialog; as a header it would be a second banner
    Badge: { defaultProps: { tt: "none", fw: 550 } },
  },
});

const ours = {
  "--mantine-color-body": "var(--surface)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-dimmed": "var(--muted)",
  "--mantine-color-placeholder": "var(--muted)",
  "--mantine-color-anchor": "var(--link)",
  "--mantine-color-default": "var(--surface)",
  "--mantine-color-default-hover": "var(--raised)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-default-border": "var(--edge)",
  "--mantine-color-error": "var(--danger)",
  "--mantine-color-primary-light": "var(--brand-wash)",
  "--mantine-color-pine-light": "var(--brand-wash)",
  "--mantine-color-pine-light-color": "var(--link)",
  "--mantine-color-pine-text": "var(--link)",
  "--mantine-color-red-light": "var(--danger-wash)",
  "--mantine-color-red-light-hover": "var(--danger-wash)",
  "--mantine-color-red-light-color": "var(--danger)",
  "--mantine-color-red-text": "var(--danger)",
};

export const variables: CSSVariablesResolver = () => ({ variables: {}, light: ours, dark: ours });
