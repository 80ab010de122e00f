// The SQL page as one works with it daily, and migrations taken back in their order.
import assert from "node:assert/strict";
import { asAdmin, base, browser, inPage, metadata, sql, violations } from "./helpers.mjs";

browser();

const write = async (page, text) => {
  await page.locator(".cm-content").first().focus();
  await page.keyboard.press("ControlOrMeta+a");
  await page.keyboard.insertText(text);
};
const run = (page) => page.getByRole("button", { name: "Run", exact: true }).click();

inPage("each statement's rows are shown, and what Postgres says beside them", "/console/data/sql", async (page) => {
  await write(page, "select 'first' as a; do $$ begin raise notice 'by the way'; end $$; select 'second' as b; select 1 where false");
  await run(page);
  await page.getByText("No rows.").waitFor();
  await page.getByText("NOTICE by the way").waitFor();
  await page.getByRole("button", { name: "1: SELECT 1" }).click();
  await page.getByRole("cell", { name: "first" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "2: DO" }).click();
  await page.getByLabel("Result").getByText("DO").waitFor();
});

inPage(
  "what is wrong is marked where it is, and what takes too long is ended",
  "/console/data/sql",
  async (page) => {
    await write(page, "select '😀',\n  missing_column from pg_class");
    await run(page);
    await page.locator(".cm-lintRange-error", { hasText: "missing_column" }).waitFor();
    await page.getByText('column "missing_column" does not exist').first().waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByLabel("Time limit").selectOption("5");
    await write(page, "select pg_sleep(60)");
    await run(page);
    await page.getByText("canceling statement due to statement timeout").first().waitFor();
    assert.equal(await page.locator(".cm-lintRange-error").count(), 0);
  },
  { expected: [/400/] },
);

inPage(
  "tables, views and functions that are created are in the API; what depends on them is dropped when asked",
  "/console/data/sql",
  async (page) => {
    await write(
      page,
      `create table song (id int primary key, title text); insert into song values (1, 'One');
create view titles as select title from song;
create function find_songs(t text) returns setof song language sql stable as 'select * from song where title = t';
create function add_song(t text) returns setof song language sql as 'insert into song values (2, t) returning *'`,
    );
    await run(page);
    await page.getByText("2 new tables are in the API. 2 new functions are in the API.").waitFor();
    assert.deepEqual(await asAdmin("/v1/graphql", { query: '{ find_songs(args: {t: "One"}) { id } titles { title } }' }), {
      data: { find_songs: [{ id: 1 }], titles: [{ title: "One" }] },
    });
    assert.deepEqual(await asAdmin("/v1/graphql", { query: 'mutation { add_song(args: {t: "Two"}) { id } }' }), { data: { add_song: [{ id: 2 }] } });
    await metadata("pg_create_select_permission", { table: "song", role: "fan", permission: { columns: ["title"], filter: {} } });
    await write(page, "alter table song drop column title cascade");
    await run(page);
    await page.getByText("Something in the API depends on it.").waitFor();
    await page.getByLabel("Cascade metadata").check();
    await run(page);
    await page.getByLabel("Result").getByText("ALTER TABLE").waitFor();
  },
  { expected: [/400/] },
);

inPage("only what the statement makes comes into the API, whatever was made beside it", "/console/data/sql", async (page) => {
  const described = page.waitForResponse((response) => response.request().postData()?.includes("gatehouse_describe_source") ?? false);
  await page.reload();
  await described;
  await sql("create table left_out (id int primary key)");
  await write(page, "create table taken_in (id int primary key)");
  await run(page);
  await page.getByText(/new tables? (is|are) in the API/).waitFor();
  const { metadata: document } = await asAdmin("/v1/metadata", { type: "export_metadata", version: 2, args: {} });
  const names = document.sources[0].tables.map(({ table }) => table.name);
  assert.deepEqual(names.filter((name) => ["taken_in", "left_out"].includes(name)), ["taken_in"]);
});

inPage("migrations are taken back the newest first, or one alone when that is said", "/console/data/migrations", async (page) => {
  const step = (name, up, down) => metadata("gatehouse_migrate", { name, up, down });
  await step("one", "create table base_table (id int primary key)", "drop table base_table;");
  await step("two", "alter table base_table add a int", "alter table base_table drop column a;");
  await step("three", "create table aside (id int)", "drop table aside;");
  await page.reload();
  const open = async (name) => page.locator("summary", { hasText: name }).click();
  await open("two");
  await page.getByRole("button", { name: "Take back: two" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("1 later migration may rest on it: three.").waitFor();
  assert.deepEqual(await violations(page), []);
  await dialog.getByLabel("Only this one, whatever rests on it").check();
  await dialog.getByRole("button", { name: "Take back" }).click();
  await page.locator("summary", { hasText: "two" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Take back: one" }).or(page.locator("summary", { hasText: "one" })).first().click();
  await page.getByRole("button", { name: "Take back: one" }).click();
  await dialog.getByText("drop table aside;").waitFor();
  await dialog.getByRole("button", { name: "Take back" }).click();
  await page.getByText("No migrations yet").waitFor();
  assert.equal((await sql("select count(*) from pg_tables where tablename in ('base_table', 'aside')")).result[1][0], "0");
});
