import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { stylesOf } from "../vite/mantine.ts";

const components = join(dirname(createRequire(import.meta.url).resolve("@mantine/core/styles.css")), "esm");

test("every component of Mantine brings its own styles", () => {
  const modules = readdirSync(components, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".module.mjs"));
  expect(modules.length).toBeGreaterThan(80);
  expect(modules.filter((file) => !stylesOf(join(components, file)))).toEqual([]);
});

test("nothing else does", () => {
  expect(stylesOf(join(components, "components/Button/Button.mjs"))).toBeUndefined();
  expect(stylesOf("/src/pages/Home/home.module.mjs")).toBeUndefined();
});
