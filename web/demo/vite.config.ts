import { defineConfig } from "vite";

export default defineConfig({
  base: "/demo/",
  publicDir: "../ui/public",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "../.build/demo", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022" },
});
