// What is around the pages: Gatehouse away and back, another version of it, and the way anywhere by keyboard.
import assert from "node:assert/strict";
import { base, browser, inPage, violations } from "./helpers.mjs";

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
