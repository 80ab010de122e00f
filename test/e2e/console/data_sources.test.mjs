// Databases are connected, tried, changed, renamed and removed by clicks.
import assert from "node:assert/strict";
import { asAdmin, base, browser, inPage, metadata, sql, violations } from "./helpers.mjs";

browser();

inPage(
  "a database is tried in words, connected, renamed, changed and removed",
  "/console/data/sources",
  async (page) => {
    await page.getByRole("link", { name: "default", exact: true }).waitFor();
    await page.getByRole("button", { name: "Connect database" }).click();
    await page.waitForURL(/connect=true/);
    await page.reload();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("shop");
    await dialog.getByLabel("Variable").fill("NO_SUCH_VARIABLE");
    await dialog.getByRole("button", { name: "Test connection" }).click();
    await dialog.getByText("This variable is not set where Gatehouse runs.").waitFor();
    assert.deepEqual(await violations(page), []);
    await dialog.getByLabel("Where it is").selectOption("At this address");
    await dialog.getByRole("textbox", { name: "Address" }).fill("postgresql://nobody:secret@127.0.0.1:1/x");
    await dialog.getByRole("button", { name: "Test connection" }).click();
    await dialog.getByText("nothing answers at this port").waitFor();
    assert.equal(await dialog.getByText("secret").count(), 0);
    await dialog.getByRole("button", { name: "Connect", exact: true }).click();
    await dialog.getByText(/Inconsistent object/).waitFor();
    await dialog.getByLabel("Where it is").selectOption("In a variable of the environment");
    await dialog.getByLabel("Variable").fill("HASURA_GRAPHQL_DATABASE_URL");
    await dialog.getByText("Pool and transactions").click();
    await dialog.getByLabel("Connections at most").fill("7");
    await dialog.getByRole("button", { name: "Test connection" }).click();
    await dialog.getByText(/It answers: Postgres \d+/).waitFor();
    await dialog.getByRole("button", { name: "Connect", exact: true }).click();
    await page.getByText("shop is connected.").waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Rename shop" }).click();
    await dialog.getByLabel("Name").fill("store");
    await dialog.getByRole("button", { name: "Rename" }).click();
    await page.getByText("shop is called store now.").waitFor();
    await page.getByRole("button", { name: "Edit store" }).click();
    await dialog.getByText("Pool and transactions").click();
    assert.equal(await dialog.getByLabel("Connections at most").inputValue(), "7");
    await dialog.getByLabel("Connections at most").fill("8");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("The connection of store is changed.").waitFor();
    const { metadata: document } = await asAdmin("/v1/metadata", { type: "export_metadata", version: 2, args: {} });
    const { connection_info: info } = document.sources.find((one) => one.name === "store").configuration;
    assert.deepEqual([info.database_url, info.pool_settings.max_connections], [{ from_env: "HASURA_GRAPHQL_DATABASE_URL" }, 8]);
    await page.getByRole("button", { name: "Connect again: store" }).click();
    await page.getByText("store was read again.").waitFor();
    await page.getByRole("button", { name: "Remove store" }).click();
    await dialog.getByRole("textbox").fill("store");
    await dialog.getByRole("button", { name: "Remove" }).click();
    await page.getByRole("button", { name: "Remove store" }).waitFor({ state: "detached" });
  },
  { expected: [/400/] },
);

inPage("an untracked table comes back as it was by Undo", "/console/data", async (page) => {
  await sql(`create table a (id int primary key, name text); create table b (id int primary key, a_id int references a);
    create function find_a(t text) returns setof a language sql stable as 'select * from a where name = t'`);
  await metadata("bulk", [
    { type: "pg_track_table", args: { table: "a", configuration: { custom_name: "Alpha" } } },
    { type: "pg_track_table", args: { table: "b" } },
    { type: "pg_track_function", args: { function: "find_a" } },
    { type: "pg_create_array_relationship", args: { table: "a", name: "bs", using: { foreign_key_constraint_on: { table: "b", column: "a_id" } } } },
    { type: "pg_create_object_relationship", args: { table: "b", name: "a", using: { foreign_key_constraint_on: "a_id" } } },
    { type: "pg_create_select_permission", args: { table: "a", role: "user", permission: { columns: ["id", "name"], filter: { id: { _gt: 0 } } } } },
    { type: "pg_create_select_permission", args: { table: "b", role: "user", permission: { columns: ["id"], filter: { a: { id: { _gt: 0 } } } } } },
  ]);
  const exported = async () => (await asAdmin("/v1/metadata", { type: "export_metadata", version: 2, args: {} })).metadata;
  const before = await exported();
  await page.goto(`${base}/console/data/default/public`);
  await page.getByRole("button", { name: "Untrack a", exact: true }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Untrack" }).click();
  await page.getByText("a is not in the API any more.").waitFor();
  assert.notDeepEqual(await exported(), before);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Taken back").waitFor();
  assert.deepEqual(await exported(), before);
});
