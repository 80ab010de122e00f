// The door, Home and GraphQL.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { launch } from "../browser/browser.mjs";
import { base, browser, inPage, metadata, secret, signIn, sql, violations, watch } from "./helpers.mjs";

browser();

describe("the door", () => {
  test("stays shut without the admin secret, keeps nothing in script, and leads back to the page asked for", async () => {
    const { context, close } = await launch();
    try {
      const page = await context.newPage();
      const faults = watch(page, [/401/]);
      await page.goto(`${base}/console/graphql`);
      const field = page.getByLabel("Admin secret", { exact: true });
      await field.fill("guess");
      await page.keyboard.press("Enter");
      await page.getByText("This is not the admin secret.").waitFor();
      assert.deepEqual(await violations(page), []);
      assert.equal(await page.getByRole("navigation").count(), 0);
      await field.fill(secret);
      await page.keyboard.press("Enter");
      await page.getByRole("heading", { name: "GraphQL", level: 1 }).waitFor();
      assert.equal(page.url(), `${base}/console/graphql`);
      assert.equal(await page.evaluate(() => document.cookie), "");
      assert.equal(await page.evaluate((s) => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]).includes(s), secret), false);
      await page.reload();
      await page.getByRole("heading", { name: "GraphQL", level: 1 }).waitFor();
      assert.deepEqual(faults, []);
    } finally {
      await close();
    }
  });
  test("is shut again after signing out, in the other window too", async () => {
    const { context, close } = await launch();
    try {
      const page = await context.newPage();
      await signIn(page);
      const other = await context.newPage();
      await other.goto(`${base}/console`);
      await other.getByRole("heading", { name: "Home" }).waitFor();
      await page.getByRole("button", { name: "By admin secret" }).click();
      await page.getByRole("menuitem", { name: "Sign out" }).click();
      await page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
      assert.equal((await context.cookies()).filter((c) => c.name.includes("gatehouse_console")).length, 0);
      await other.reload();
      await other.getByRole("heading", { name: "Sign in to the console" }).waitFor();
    } finally {
      await close();
    }
  });
});

inPage("Home counts what is there and ticks the first steps off", "/console", async (page) => {
  await page.getByText("Data API: up", { exact: true }).waitFor();
  await page.getByText("Identity: up", { exact: true }).waitFor();
  await page.getByText("0 of 6 done").waitFor();
  assert.deepEqual(await violations(page), []);
  await sql("create table pot (id int primary key, owner text)");
  await metadata("pg_track_table", { table: "pot" });
  await metadata("pg_create_select_permission", { table: "pot", role: "potter", permission: { columns: ["id"], filter: { owner: { _eq: "X-Hasura-User-Id" } } } });
  await sql("insert into pot values (1, 'ada'), (2, 'ben')");
  await page.reload();
  await page.getByText("2 of 6 done").waitFor();
  await page.getByRole("tab", { name: "curl" }).click();
  await page.getByText(`curl ${base}/v1/graphql`).waitFor();
});

inPage("the palette goes anywhere by keyboard", "/console", async (page) => {
  await page.getByRole("heading", { name: "Home" }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByPlaceholder("Go to a page, a table or a user…").fill("api");
  await page.locator("[data-selected]", { hasText: /^API$/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/console/graphql");
});

inPage("GraphQL shows a caller's own schema and rows", "/console/graphql", async (page) => {
  await page.locator(".graphiql-query-editor .view-lines").waitFor({ timeout: 30_000 });
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "View as admin" }).click();
  await page.getByRole("combobox", { name: "View as" }).fill("potter");
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByLabel("Name", { exact: true }).fill("x-hasura-user-id");
  await page.getByLabel("Value", { exact: true }).fill("ben");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "View as", exact: true }).click();
  await page.getByRole("button", { name: "View as potter, 1 variable" }).waitFor();
  await page.locator(".graphiql-query-editor .view-lines").click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("{ pot { id");
  await page.keyboard.press("Escape"); // no completion
  await page.keyboard.press("Control+Enter");
  await page.waitForFunction(() => document.querySelector(".graphiql-response .view-lines")?.textContent.replace(/\s/g, "").includes('"pot":[{"id":2}]'));
  const answer = await page.evaluate(async () =>
    (await fetch("/v1/graphql", { method: "POST", headers: { "content-type": "application/json", "x-hasura-role": "potter" }, body: '{"query":"{ pot { owner } }"}' })).json(),
  );
  assert.match(answer.errors[0].message, /field 'owner' not found in type: 'pot'/);
});

inPage("a page that is not there says so", "/console/nowhere", async (page) => {
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("link", { name: "Go to the start page" }).click();
  await page.getByRole("heading", { name: "Home" }).waitFor();
});
