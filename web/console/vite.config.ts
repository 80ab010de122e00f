import { defineConfig } from "vite";
import { beginning } from "./vite/beginning.ts";
import { mantineStyles } from "./vite/mantine.ts";

export default defineConfig({
  base: "/console/",
  publicDir: "../ui/public",
  plugins: [beginning(), mantineStyles()],
  oxc: { jsx: { runtime: "automatic" } },
  worker: { format: "es" },
  build: {
    outDir: "../.build/console",
    emptyOutDir: true,
    modulePreload: { polyfill: false },
    target: "es2022",
    rolldownOptions: {
      onwarn: (warning, warn) => {
        if (warning.code !== "MODULE_LEVEL_DIRECTIVE") warn(warning); // libraries marked "use client" say nothing to a page without a server half
      },
    },
    chunkSizeWarningLimit: 4000, // the GraphQL editor, loaded when its page is opened
  },
});
