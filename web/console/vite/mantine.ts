import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Plugin } from "vite";

const require = createRequire(import.meta.url);
const styles = join(require.resolve("@mantine/core/styles.css"), "../styles");

/** Where the styles of a component are, by the module that names its classes; undefined for every other module. */
export const stylesOf = (module: string): string | undefined => {
  const name = /@mantine\/core\/esm\/.*\/(\w+)\.module\.mjs$/.exec(module.replaceAll("\\", "/"))?.[1];
  const file = name && join(styles, `${name}.layer.css`);
  return file && existsSync(file) ? file : undefined;
};

/**
 * Splits Mantine's stylesheet: instead of all of it (`@mantine/core/styles.layer.css`) the page gets what every component needs, and each component
 * that is used brings its own to the chunk it is in. All of it is in the layer `mantine`, so that what a chunk brings later cannot override ours. In
 * development the whole stylesheet stays: Vite bundles Mantine beforehand there.
 */
export const mantineStyles = (): Plugin => ({
  name: "mantine-styles",
  apply: "build",
  enforce: "pre",
  resolveId(id) {
    return id === "@mantine/core/styles.layer.css" ? "\0mantine-base" : undefined;
  },
  load(id) {
    if (id !== "\0mantine-base") return undefined;
    return ["baseline", "default-css-variables", "global"].map((name) => `import "@mantine/core/styles/${name}.layer.css";`).join("\n");
  },
  transform(code, id) {
    const file = stylesOf(id);
    return file && { code: `import ${JSON.stringify(file)};\n${code}`, map: null };
  },
});
