// What a page costs to open: the time to its first contentful paint, what moves while it is loaded, and how much script it takes.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { launch } from "../browser/browser.mjs";
import { base, browser, inPage, metadata, signIn, sql } from "./helpers.mjs";

browser();
before(async () => {
  await sql("create table pot (id int primary key, owner text); insert into pot select i, 'ada' from generate_series(1, 60) i");
  await metadata("pg_track_table", { table: "pot" });
  await metadata("pg_create_select_permission", { table: "pot", role: "potter", permission: { columns: ["id"], filter: { owner: { _eq: "X-Hasura-User-Id" } } } });
});

/** The main pages, what says that each is all there, and how many kB of script it may take, as it is sent (brotli): the shell with a page's own. */
const pages = [
  ["/console", (page) => page.getByRole("img", { name: /^Requests:/ }), 300],
  ["/console/graphql", (page) => page.locator(".graphiql-query-editor .view-lines"), 2200],
  ["/console/graphql/rest", (page) => page.getByText("No REST endpoint yet"), 300],
  ["/console/data", (page) => page.getByRole("link", { name: "pot" }).first(), 300],
  ["/console/data/default/public/pot", (page) => page.getByRole("gridcell", { name: "ada" }).first(), 300],
  ["/console/data/sql", (page) => page.locator(".cm-content").first(), 450],
  ["/console/permissions", (page) => page.getByRole("link", { name: /^potter on pot/ }), 300],
  ["/console/permissions/default/public/pot?role=potter&operation=select", (page) => page.getByRole("table").last(), 300],
  ["/console/operations/metadata", (page) => page.getByRole("heading", { name: "Export" }), 300],
  ["/console/operations/live", (page) => page.getByRole("cell", { name: "primary" }), 300],
  ["/console/operations/settings", (page) => page.getByText("HASURA_GRAPHQL_ADMIN_SECRET", { exact: true }), 300],
  ["/console/identity/users", (page) => page.getByRole("heading", { name: "Users", level: 1 }), 300],
  ["/console/identity/applications", (page) => page.getByRole("heading", { name: "Applications", level: 1 }), 300],
  ["/console/identity/logs", (page) => page.getByRole("heading", { name: "Audit log", level: 1 }), 300],
];

/** Notes layout shifts with what moved, and paints; in the page before its own script. */
const observe = () => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries())
      window.shifts.push({ value: entry.value, moved: entry.sources.map(({ node }) => (node?.outerHTML ?? node?.textContent ?? "").slice(0, 90)) });
  }).observe({ type: "layout-shift", buffered: true });
};

describe("nothing moves while a page is loaded, and it takes no more script than it may", () => {
  for (const [path, there, budget] of pages)
    inPage(path, "/console/nowhere", async (page) => {
      await page.addInitScript(observe);
      await page.goto(base + path);
      await there(page).waitFor({ timeout: 30_000 });
      await page.waitForLoadState("networkidle");
      // Two frames later whatever the last answer moved has been noted.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const { shifts, script } = await page.evaluate(() => ({
        shifts: window.shifts,
        script: performance
          .getEntriesByType("resource")
          .filter(({ name, initiatorType }) => /\.m?js(\?|$)/.test(name) && initiatorType !== "other")
          .reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0),
      }));
      const moved = shifts.reduce((sum, { value }) => sum + value, 0);
      assert.ok(moved < 0.01, `layout shift ${moved.toFixed(4)}: ${JSON.stringify(shifts, null, 1)}`);
      assert.ok(script > 0 && script < budget * 1000, `${Math.round(script / 1000)} kB of script, may be ${budget}`);
    });
});

// A second is what it may take on a machine that does nothing else: MEASURE=1 holds it to that. Among other tests it is told, and may take ten.
const bound = process.env.MEASURE ? 1000 : 10_000;
describe("the first contentful paint comes soon, from a cold cache", () => {
  for (const path of ["the door", "/console", "/console/graphql", "/console/data/default/public/pot"])
    test(path, async () => {
      const times = [];
      // The best of a few: what else the machine does is no property of the page.
      while (times.length < 5 && !times.some((time) => time < bound)) {
        const { context, close } = await launch();
        try {
          const page = await context.newPage();
          if (path.startsWith("/")) {
            await signIn(page);
            await (await context.newCDPSession(page)).send("Network.clearBrowserCache");
          }
          await page.goto(base + (path.startsWith("/") ? path : "/console"));
          await page.getByRole(path.startsWith("/") ? "navigation" : "heading").first().waitFor();
          times.push(await page.evaluate(async () => {
            const painted = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
            while (painted() === undefined) await new Promise((done) => requestAnimationFrame(done));
            return painted();
          }));
        } finally {
          await close();
        }
      }
      console.log(`${path}: ${times.map(Math.round).join(", ")} ms`);
      assert.ok(Math.min(...times) < bound, `${times.map(Math.round).join(", ")} ms`);
    });
});

test("a dark page is dark from its first painting, whatever the system prefers", async () => {
  const { context, close } = await launch({ colorScheme: "light" });
  try {
    const page = await context.newPage();
    await page.addInitScript(() => localStorage.setItem("gatehouse-scheme", "dark"));
    // The script that draws never comes: what is seen is what the page is before it.
    await page.route(/assets\/(index|draw)-.*\.js/, (route) => route.abort());
    await page.goto(`${base}/console`);
    assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(14, 19, 17)");
  } finally {
    await close();
  }
});
