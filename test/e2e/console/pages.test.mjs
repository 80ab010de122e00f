// Every page of the console at its own address: opened and reloaded, wide and light, at phone width and dark. A page that is not in this list fails.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { launch } from "../browser/browser.mjs";
import { asAdmin, base, signIn, violations, watch } from "./helpers.mjs";
import { fill } from "./library.mjs";

const filled = await fill();
const first = async (path) => (await asAdmin(path))[0].id;
const [role, resource, entry] = [await first("/api/roles"), await first("/api/resources"), await first("/api/logs")];

/** Route, heading, and the address where it has parameters. */
const pages = [
  ["/", "Home"],
  ["/graphql", "GraphQL"],
  ["/graphql/rest", "REST endpoints"],
  ["/graphql/allow-list", "Allow list"],
  ["/data", "public"],
  ["/data/sql", "SQL"],
  ["/data/picture", "Schema picture"],
  ["/data/functions", "Functions"],
  ["/data/migrations", "Migrations"],
  ["/data/create", "Create a table"],
  ["/data/sources", "Databases"],
  ["/data/create-view", "Create a view"],
  ["/data/$source", "public", "/data/default"],
  ["/data/$source/$schema", "public", "/data/default/public"],
  ["/data/$source/$schema/$table", "book", "/data/default/public/book"],
  ["/data/$source/$schema/$table/import", "book", "/data/default/public/book/import"],
  ["/data/$source/$schema/$table/api", "book", "/data/default/public/book/api"],
  ["/data/$source/$schema/$table/structure", "book", "/data/default/public/book/structure"],
  ["/data/$source/$schema/$table/relationships", "book", "/data/default/public/book/relationships"],
  ["/permissions", "Permissions"],
  ["/permissions/$source/$schema/$table", "loan", "/permissions/default/public/loan?role=reader&operation=select"],
  ["/permissions/role/$role", "What reader may", "/permissions/role/reader"],
  ["/identity", "Applications"],
  ["/identity/applications", "Applications"],
  ["/identity/applications/$id", "Library website", `/identity/applications/${filled.application}`],
  ["/identity/resources", "API Resources"],
  ["/identity/resources/$id", undefined, `/identity/resources/${resource}`],
  ["/identity/roles", "Roles"],
  ["/identity/roles/$id", undefined, `/identity/roles/${role}`],
  ["/identity/users", "Users"],
  ["/identity/users/import", "Import users"],
  ["/identity/users/$id", "Grace Hopper", `/identity/users/${filled.user}`],
  ["/identity/custom-jwt", "Custom JWT"],
  ["/identity/custom-jwt/$type", "User access token", "/identity/custom-jwt/access-token"],
  ["/identity/sign-in-experience", "Sign-in experience"],
  ["/identity/tokens", "Sessions and tokens"],
  ["/identity/keys", "Signing keys"],
  ["/identity/logs", "Audit log"],
  ["/identity/logs/$id", undefined, `/identity/logs/${entry}`],
  ["/identity/members", "Members"],
  ["/operations", "Metadata"],
  ["/operations/metadata", "Metadata"],
  ["/operations/live", "Live"],
  ["/operations/settings", "Settings in force"],
  ["/no/such/page", "There is no such page"],
];

test("no page is left out", () => {
  const src = fileURLToPath(new URL("../../../web/console/src", import.meta.url));
  const files = readdirSync(src, { recursive: true }).filter((file) => ["router.tsx", "routes.ts"].includes(basename(file)));
  const paths = files.flatMap((file) => {
    const under = dirname(file) === "pages/Data" ? "/data" : "";
    return [...readFileSync(join(src, file), "utf8").matchAll(/\bpath: "(\/[^"]*)"/g)].map(([, path]) => (under + path).replace(/(.)\/$/, "$1"));
  });
  const known = pages.map(([route]) => route);
  assert.deepEqual(
    [...new Set(paths)].filter((path) => !known.includes(path) && path !== "/setup"), // that one is for Gatehouses nobody administers: articles.mjs
    [],
  );
});

for (const [how, options] of [
  ["wide and light", { viewport: { width: 1280, height: 800 }, colorScheme: "light" }],
  ["at phone width and dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
])
  describe(how, () => {
    let context, close;
    before(async () => {
      ({ context, close } = await launch(options));
      const page = await context.newPage();
      await signIn(page);
      await page.close();
    });
    after(() => close?.());
    for (const [route, name, address = route] of pages)
      test(route, async () => {
        const page = await context.newPage();
        try {
          const faults = watch(page);
          const isThere = () => page.getByRole("heading", { level: 1, ...(name && { name, exact: true }) }).waitFor();
          await page.goto(`${base}/console${address}`);
          await isThere();
          const at = page.url();
          await page.reload();
          await isThere();
          await page.waitForLoadState("networkidle");
          assert.equal(page.url(), at);
          assert.equal(await page.getByRole("heading", { level: 1 }).count(), 1);
          assert.match(await page.title(), /. · Gatehouse$/);
          const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
          assert.ok(needed <= given, `${needed} pixels in ${given}`);
          assert.deepEqual(await violations(page), []);
          assert.deepEqual(faults, []);
        } finally {
          await page.close();
        }
      });
  });
