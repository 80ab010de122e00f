import { defineConfig } from "vite";

export default defineConfig({
  base: "/sign-in/",
  publicDir: "../ui/public",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: { outDir: "../.build/signin", emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false }, target: "es2022" },
});
