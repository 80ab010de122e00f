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
}, { expected: [/status of 400.*v1\/metadata/] }); // its rehearsal may come to the server after it is gone

inPage("one grant on several tables, a clone of the role, a role made of both, and all of it taken back", "/console/permissions", async (page) => {
  const held = async (role) => {
    const { metadata: document } = await asAdmin("/v1/metadata", { type: "export_metadata", version: 2, args: {} });
    return document.sources[0].tables.flatMap(({ table, select_permissions = [] }) =>
      select_permissions.filter((one) => one.role === role).map((one) => [table.name, one.permission.filter]),
    );
  };
  await page.getByRole("button", { name: "Several tables" }).click();
  const several = page.getByRole("dialog", { name: "The same on several tables" });
  await several.getByLabel("Role").fill("crowd");
  await several.getByLabel("All tables of the source").check();
  await several.getByText(/[1-9]\d* rights more/).waitFor();
  assert.deepEqual(await violations(page), []);
  // Tables without the column are left out: nobody's rows are opened by mistake.
  await several.getByLabel("Only rows whose column").fill("user_id");
  await several.getByRole("button", { name: "Allow" }).click();
  await page.getByText("crowd may read on 1 table.").waitFor();
  assert.deepEqual(await held("crowd"), [["author", { user_id: { _eq: "X-Hasura-User-Id" } }]]);

  await page.getByRole("link", { name: "crowd", exact: true }).click();
  await page.waitForURL("**/console/permissions/role/crowd");
  await page.getByText("user_id _eq X-Hasura-User-Id").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Clone role" }).click();
  const clone = page.getByRole("dialog", { name: "Clone crowd" });
  await clone.getByLabel("New role").fill("twin");
  await clone.getByRole("button", { name: "Clone role" }).click();
  await page.waitForURL("**/console/permissions/role/twin");
  await page.reload();
  await page.getByRole("heading", { name: "What twin may" }).waitFor();
  assert.deepEqual(await held("twin"), await held("crowd"));

  await page.goto(new URL("/console/permissions", page.url()).href);
  await page.getByRole("button", { name: "Add inherited role" }).click();
  const made = page.getByRole("dialog", { name: "Add inherited role" });
  await made.getByLabel("Role").fill("both");
  for (const name of ["crowd", "twin"]) {
    await made.getByRole("combobox", { name: "Made of" }).fill(name);
    await page.getByRole("option", { name, exact: true }).click();
  }
  await page.keyboard.press("Escape");
  await made.getByRole("button", { name: "Save" }).click();
  await page.getByText("made of crowd, twin").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Remove both" }).click();
  await page.getByText("both is removed.").waitFor();

  await page.getByRole("link", { name: "twin", exact: true }).click();
  await page.getByRole("button", { name: "Remove all" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove all" }).click();
  await page.getByText("Nothing of its own").waitFor();
  assert.deepEqual(await held("twin"), []);
  await page.getByRole("alert").filter({ hasText: "twin may nothing" }).getByRole("button", { name: "Undo" }).click();
  await page.getByText("user_id _eq X-Hasura-User-Id").waitFor();
  assert.deepEqual(await held("twin"), await held("crowd"));
});

inPage("a permission is taken over from another role, and asks a webhook", "/console/permissions/default/public/author?role=copier&operation=select", async (page) => {
  await page.getByRole("combobox", { name: "Take over from another permission" }).click();
  await page.getByRole("option", { name: "crowd may read author" }).click();
  await page.getByRole("region", { name: "Rows", exact: true }).getByText("Only rows that fulfil").waitFor();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved: copier may read author.").waitFor();
  await page.goto(page.url().replace("operation=select", "operation=insert"));
  await page.getByRole("button", { name: "Allow" }).click();
  await page.getByRole("checkbox", { name: "Ask a webhook whether the input is good" }).check();
  await page.getByRole("textbox", { name: "Webhook" }).fill("https://example.com/validate");
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved: copier may insert author.").waitFor();
  const { metadata: document } = await asAdmin("/v1/metadata", { type: "export_metadata", version: 2, args: {} });
  const [{ permission }] = document.sources[0].tables.find(({ table }) => table.name === "author").insert_permissions;
  assert.deepEqual(permission.validate_input, { type: "http", definition: { url: "https://example.com/validate" } });
}, { expected: [/status of 400/] });

inPage("what is half written is not lost by a click elsewhere, nor to a change of somebody else", "/console/permissions/default/public/author?role=writer&operation=select", async (page) => {
  await page.getByRole("button", { name: "Allow" }).click();
  const rows = page.getByRole("region", { name: "Rows", exact: true });
  await rows.getByText("Only rows that fulfil").click();
  await rows.getByText("JSON", { exact: true }).click();
  const box = rows.getByRole("textbox", { name: "Rows, JSON" });
  await box.fill('{"user_id": {"_eq": "half"}}');
  await page.getByRole("button", { name: /^writer may not insert author/ }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).click();
  assert.match(page.url(), /operation=select/);
  assert.match(await box.inputValue(), /half/);
  await metadata("pg_create_select_permission", { table: "author", role: "stranger", permission: { columns: ["id"], filter: {} } });
  // After the network was away everything shown is asked for again.
  await page.context().setOffline(true);
  await page.getByText("Gatehouse does not answer").waitFor();
  await page.context().setOffline(false);
  await page.getByRole("button", { name: /^stranger may read author/ }).waitFor();
  assert.match(await box.inputValue(), /half/);
  await page.getByRole("button", { name: "Discard changes" }).click();
  await page.getByRole("button", { name: "Allow" }).waitFor();
  await page.getByRole("button", { name: /^writer may not insert author/ }).click();
  await page.waitForURL(/operation=insert/);
}, { expected: [/status of 400/, /ERR_INTERNET_DISCONNECTED/] });
