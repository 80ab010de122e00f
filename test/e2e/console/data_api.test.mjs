// What a table is in the API, by clicks: its names, enums, relationships elsewhere and computed fields; keys of other tables looked up.
import assert from "node:assert/strict";
import { asAdmin, base, browser, inPage, metadata, sql, violations } from "./helpers.mjs";

browser();

const goto = (page, path) => page.goto(`${base}/console/data/default/public/${path}`);
const ask = (query) => asAdmin("/v1/graphql", { query });
const track = (...tables) => metadata("bulk", tables.map((table) => ({ type: "pg_track_table", args: { table } })));

inPage("a table, its root fields and its columns are renamed, and that is taken back", "/console/data", async (page) => {
  await sql("create table writer (id int primary key, full_name text); insert into writer values (1, 'Ada')");
  await track("writer");
  await goto(page, "writer/api");
  await page.getByLabel("Name in the API", { exact: true }).fill("1 wrong");
  await page.getByText("Letters, digits and _ only").waitFor();
  await page.getByLabel("Name in the API", { exact: true }).fill("Author");
  await page.getByLabel("select_by_pk").fill("author");
  await page.getByLabel("Name of full_name in the API").fill("name");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Names of writer saved.").waitFor();
  assert.deepEqual(await ask("{ author(id: 1) { name __typename } }"), { data: { author: { name: "Ada", __typename: "Author" } } });
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText("Taken back").waitFor();
  assert.deepEqual(await ask("{ writer { full_name } }"), { data: { writer: [{ full_name: "Ada" }] } });
  await page.reload();
  assert.equal(await page.getByLabel("Name in the API", { exact: true }).inputValue(), "");
});

inPage(
  "an enum table is offered as one, and refused in words",
  "/console/data",
  async (page) => {
    await sql(`create table status (value text primary key, comment text); create table task (id int primary key, status text references status, writer_id int references writer);
      insert into task values (1, null, null)`);
    await track("status", "task");
    await goto(page, "task/api");
    await page.getByLabel("Part of an Apollo federation").click();
    await page.getByText("task is part of the federation.").waitFor();
    assert.equal(await page.getByLabel("Its rows are an enum of the API").count(), 0);
    await goto(page, "status/api");
    await page.getByLabel("Its rows are an enum of the API").click();
    await page.getByRole("alert").getByText(/must have at least one row/).waitFor();
    await sql("insert into status values ('open', 'to be done'), ('done', null)");
    await page.getByLabel("Its rows are an enum of the API").click();
    await page.getByText("status is an enum now.").waitFor();
    assert.deepEqual(await violations(page), []);
  },
  { expected: [/400/] },
);

inPage("a row's keys of other tables are chosen and found by name", "/console/data", async (page) => {
  await goto(page, "task?insert=true");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^id integer/).fill("2");
  await dialog.getByLabel(/^status text/).selectOption("open");
  await dialog.getByLabel(/^writer_id integer/).fill("Ad");
  await page.getByRole("option", { name: /Ada/ }).click();
  assert.equal(await dialog.getByLabel(/^writer_id integer/).inputValue(), "1");
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Control+Enter");
  await page.getByText("Row inserted.").waitFor();
  assert.deepEqual((await sql("select status, writer_id from task where id = 2")).result[1], ["open", "1"]);
});

inPage("relationships lead to another database, and functions compute fields", "/console/data", async (page) => {
  const { metadata: document } = await metadata("export_metadata", {}).then((m) => (m.metadata ? m : { metadata: m }));
  const { configuration } = document.sources.find((one) => one.name === "default");
  await metadata("pg_add_source", { name: "second", configuration });
  await metadata("pg_track_table", { source: "second", table: "task", configuration: { custom_name: "second_task" } });
  await sql("create function shout(w writer, mark text) returns text language sql stable as $$ select w.full_name || mark $$");
  await goto(page, "writer/relationships");
  await page.getByRole("button", { name: "By columns" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("tasks_there");
  await dialog.getByLabel("It leads to").selectOption("array");
  await dialog.getByLabel("Database").selectOption("second");
  await dialog.getByLabel("Table").selectOption("public.task");
  await dialog.getByLabel("Column there").selectOption("writer_id");
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "Remove tasks_there" }).waitFor();
  await page.getByRole("button", { name: "Add shout" }).click();
  await dialog.getByLabel("Field's name").fill("loud");
  await dialog.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { name: "Edit loud" }).click();
  await dialog.getByLabel("Comment").fill("Louder");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("Louder").waitFor();
  assert.deepEqual(await ask('{ writer { loud(args: {mark: "!"}) tasks_there { id } } }'), { data: { writer: [{ loud: "Ada!", tasks_there: [{ id: 2 }] }] } });
  await page.getByRole("button", { name: "Remove tasks_there" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("button", { name: "Remove tasks_there" }).waitFor({ state: "detached" });
  assert.deepEqual(await violations(page), []);
});
