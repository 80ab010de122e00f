// What is around the pages: Gatehouse away and back, another version of it, and the way anywhere by keyboard.
import assert from "node:assert/strict";
import { base, browser, inPage, metadata, sql, violations } from "./helpers.mjs";

browser();

inPage(
  "that Gatehouse does not answer is said, and taken back by itself when it does",
  "/console/operations/live",
  async (page) => {
    await page.getByRole("cell", { name: "primary" }).waitFor();
    const isApi = (url) => !url.pathname.includes("/assets/");
    await page.route(isApi, (route) => route.abort());
    await page.getByText("Gatehouse does not answer. It is asked again").waitFor();
    assert.deepEqual(await violations(page), []);
    await page.unroute(isApi);
    await page.getByText("Gatehouse does not answer. It is asked again").waitFor({ state: "hidden" });
    await page.getByRole("cell", { name: "primary" }).waitFor();
  },
  { expected: [/ERR_FAILED|Failed to fetch/] },
);

inPage(
  "a page of an older version is loaded again once where its files are gone",
  "/console",
  async (page) => {
    await page.getByRole("heading", { name: "Home" }).waitFor();
    // As after an upgrade: what this page would load next is not there, until it is loaded anew.
    for (const [file, path, open, there] of [
      [/assets\/Settings-.*\.js/, "/console/operations/settings", ["Operations", "Settings in force"], page.getByText("HASURA_GRAPHQL_ADMIN_SECRET", { exact: true })],
      [/assets\/Explorer-.*\.js/, "/console/graphql", ["API"], page.locator(".graphiql-query-editor .view-lines")],
    ]) {
      await page.evaluate(() => sessionStorage.clear()); // each is an upgrade of its own: within a minute of another, nothing is loaded again
      let isGone = true;
      await page.route(file, (route) => (isGone ? route.fulfill({ status: 404, body: "" }) : route.continue()));
      await page.route((url) => url.pathname === path, (route) => {
        isGone = false;
        return route.continue();
      });
      for (const name of open) await page.getByRole("link", { name, exact: true }).click();
      await there.waitFor({ timeout: 30_000 });
      assert.equal(page.url(), base + path);
      assert.equal(isGone, false);
    }
  },
  { expected: [/404|preload|dynamically imported|error occurred in/] },
);

inPage("the palette finds tables by name, and brings up what was gone to last; ? lists the keys", "/console", async (page) => {
  await sql("create table kettle (id int primary key)");
  await metadata("pg_track_table", { table: "kettle" });
  await page.reload();
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Go to a page, a table or a user…").fill("kettle perm");
  await page.locator("[data-selected]", { hasText: "kettle" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/console/permissions/default/public/kettle");
  await page.getByPlaceholder("Go to a page, a table or a user…").waitFor({ state: "hidden" });
  await page.keyboard.press("Control+k");
  // What was gone to last stands first.
  await page.locator(".mantine-Spotlight-action").first().getByText("kettle").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Escape");
  await page.getByPlaceholder("Go to a page, a table or a user…").waitFor({ state: "hidden" });
  await page.locator("body").press("?");
  const keys = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await keys.getByText("Go anywhere").waitFor();
  assert.deepEqual(await violations(page), []);
});
