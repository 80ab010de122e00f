// Permissions: the matrix, a filter by clicks and as JSON, what a change does before it is saved.
import assert from "node:assert/strict";
import { asAdmin, browser, inPage, metadata, sql, violations } from "./helpers.mjs";
import { before } from "node:test";

browser();
before(async () => {
  await sql(`create table author (id serial primary key, user_id text not null, name text);
    create table book (id serial primary key, title text not null, author_id int references author (id), published boolean not null default false);
    insert into author (user_id, name) values ('ada', 'Ada'), ('ben', 'Ben');
    insert into book (title, author_id, published) values ('One', 1, true), ('Two', 1, false), ('Three', 2, true), ('Four', 2, false)`);
  for (const name of ["author", "book"]) await metadata("pg_track_table", { table: name });
  await metadata("pg_create_object_relationship", { table: "book", name: "author", using: { foreign_key_constraint_on: "author_id" } });
});
const saved = async (role, operation) => {
  const { metadata: document } = await asAdmin("/v1/metadata", { type: "export_metadata", version: 2, args: {} });
  return document.sources[0].tables.find(({ table }) => table.name === "book")[`${operation}_permissions`]?.find((p) => p.role === role)?.permission;
};
const may = { name: /^reader may not read book/ };

inPage("a permission is made by clicks, looked at before it is saved, and holds", "/console/permissions", async (page) => {
  await page.getByRole("heading", { name: "Permissions", level: 1 }).waitFor();
  await page.getByRole("link", { name: "book", exact: true }).click();
  await page.waitForURL("**/console/permissions/default/public/book");
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("New role").fill("reader");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("button", { ...may, pressed: true }).waitFor();
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByLabel("title text").check();
  await page.getByLabel("id integer").first().check();
  await page.getByText("Only rows that fulfil").click();
  const rows = page.getByRole("region", { name: "Rows", exact: true });
  await rows.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("menuitem", { name: "Related by author" }).click();
  await rows.getByRole("button", { name: "Add", exact: true }).first().click();
  await page.getByRole("menuitem", { name: "Condition", exact: true }).click();
  await rows.getByRole("combobox", { name: "Column" }).click();
  await page.getByRole("option", { name: "user_id" }).click();
  assert.equal(await saved("reader", "select"), undefined); // nothing is saved by looking
  // As Ada, two books come into sight.
  const impact = page.getByRole("region", { name: "What this changes" });
  await impact.getByText("May more").waitFor();
  await impact.getByLabel("x-hasura-user-id").fill("ada");
  await impact.getByRole("row", { name: /newly seen .*One/ }).waitFor();
  assert.deepEqual((await impact.getByRole("row").allInnerTexts()).slice(1).map((text) => text.split(/\s+/).slice(2).join(" ")), ["1 One", "2 Two"]);
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved: reader may read book.").waitFor();
  assert.deepEqual(await saved("reader", "select"), { columns: ["id", "title"], filter: { author: { user_id: { _eq: "X-Hasura-User-Id" } } } });
  await page.reload();
  await page.getByRole("button", { name: /^reader may read book: some/, pressed: true }).waitFor();
  const answer = await page.evaluate(async () =>
    (
      await fetch("/v1/graphql", {
        method: "POST",
        headers: { "content-type": "application/json", "x-hasura-role": "reader", "x-hasura-user-id": "ben" },
        body: '{"query":"{ book { title } }"}',
      })
    ).json(),
  );
  assert.deepEqual(answer, { data: { book: [{ title: "Three" }, { title: "Four" }] } });
});

inPage("a filter is the same as JSON and as conditions, whichever is edited", "/console/permissions/default/public/book?role=editor&operation=update", async (page) => {
  await page.getByRole("button", { name: "Allow" }).click();
  const rows = page.getByRole("region", { name: "Rows", exact: true });
  await rows.getByText("Only rows that fulfil").click();
  await rows.getByText("JSON", { exact: true }).click();
  const box = rows.getByRole("textbox", { name: "Rows, JSON" });
  await box.fill('{"_or": [{"published": {"_eq": false}}, {"id": {"_in": [1,');
  await rows.getByText(/This is not JSON/).waitFor();
  await box.fill('{"_or": [{"published": {"_eq": false}}, {"id": {"_in": [1, 2]}}, {"unheard_of": 1}]}');
  await rows.getByText("Conditions", { exact: true }).click();
  await rows.getByText("unheard_of, shown as JSON").waitFor();
  await rows.getByRole("button", { name: "Remove this condition" }).last().click();
  await page.getByRole("region", { name: "Columns" }).getByLabel("title text").check();
  await page.getByRole("region", { name: "Set by the server" }).getByRole("button", { name: "Add a column" }).click();
  await page.getByRole("region", { name: "Set by the server" }).getByLabel("Value").fill("7");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved: editor may change book.").waitFor();
  assert.deepEqual(await saved("editor", "update"), {
    columns: ["title"],
    filter: { _or: [{ published: { _eq: false } }, { id: { _in: [1, 2] } }] },
    check: null,
    set: { id: 7 },
  });
}, { expected: [/status of 400/] }); // what it is while it is typed

inPage(
  "what the server refuses is said where it was meant, and nothing is lost",
  "/console/permissions/default/public/book?role=other&operation=select",
  async (page) => {
    await page.getByRole("button", { name: "Allow" }).click();
    const rows = page.getByRole("region", { name: "Rows", exact: true });
    await rows.getByText("Only rows that fulfil").click();
    await rows.getByText("JSON", { exact: true }).click();
    await rows.getByRole("textbox", { name: "Rows, JSON" }).fill('{"no_such_column": {"_eq": 1}}');
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "no_such_column" }).first().waitFor();
    assert.equal(await saved("other", "select"), undefined);
    assert.match(await rows.getByRole("textbox", { name: "Rows, JSON" }).inputValue(), /no_such_column/);
  },
  { expected: [/status of 400/] },
);

inPage("a permission is removed after being asked, and can be found again in the matrix as none", "/console/permissions/default/public/book?role=reader&operation=select", async (page) => {
  await page.getByRole("button", { name: "Remove permission" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove this permission?" });
  await dialog.waitFor();
  assert.deepEqual(await violations(page), []);
  await dialog.getByRole("button", { name: "Remove permission" }).click();
  await page.getByRole("button", { name: /^reader may not read book/ }).waitFor();
  assert.equal(await saved("reader", "select"), undefined);
});
