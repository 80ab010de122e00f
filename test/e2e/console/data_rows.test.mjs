// The rows of large tables: pages turned by place, ranges of cells copied, pasted and cleared by keyboard.
import assert from "node:assert/strict";
import { base, browser, inPage, sql, violations } from "./helpers.mjs";

browser({ permissions: ["clipboard-read", "clipboard-write"] });

const cell = (page, name) => page.getByRole("gridcell", { name, exact: true });
const open = (page, path) => page.goto(`${base}/console/data/default/public/${path}`);

inPage("a large table is turned over by pages, from either end, at addresses that can be opened again", "/console/data", async (page) => {
  await sql("create table many (id int primary key, name text); insert into many select i, 'name ' || i from generate_series(1, 120000) i; analyze many");
  await open(page, "many");
  await page.getByText(/^Rows 1–200 of about 1\d\d,\d\d\d$/).waitFor();
  await page.getByRole("button", { name: "Next page" }).click();
  await cell(page, "name 201").waitFor();
  await page.reload();
  await cell(page, "name 201").waitFor();
  await page.getByText(/^Rows 201–400 of about/).waitFor();
  await page.getByRole("button", { name: "Last page" }).click();
  await page.getByText(/^The last 200 rows of about/).waitFor();
  await cell(page, "name 119801").waitFor();
  await page.getByRole("button", { name: "Previous page" }).click();
  await cell(page, "name 119601").waitFor();
  await page.getByLabel("Page", { exact: true }).fill("300");
  await page.keyboard.press("Enter");
  await cell(page, "name 59801").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("grid").focus();
  await page.keyboard.press("Alt+PageDown");
  await cell(page, "name 60001").waitFor();
  await page.getByRole("columnheader", { name: /^name/ }).getByRole("button").click();
  await cell(page, "name 1").waitFor();
  await page.getByRole("button", { name: "First page" }).and(page.locator(":disabled")).waitFor();
});

inPage("cells are marked, copied and pasted as a spreadsheet does", "/console/data", async (page) => {
  await sql("create table cells (id int primary key, a text, b int, c text not null); insert into cells values (1, 'x', 1, 'p'), (2, null, 2, 'q'), (3, '', 3, 'r'), (4, E'two\\nlines', 4, 's')");
  await open(page, "cells");
  await cell(page, "p").waitFor();
  const grid = page.getByRole("grid");
  await grid.focus();
  await page.keyboard.press("ArrowRight");
  for (const key of ["Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", "Shift+ArrowDown", "Control+c"]) await page.keyboard.press(key);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'x\t1\n\t2\n""\t3\n"two\nlines"\t4');
  assert.deepEqual(await violations(page), []);
  await page.keyboard.press("Delete");
  await page.getByText("4 changes not saved").waitFor();
  await page.keyboard.press("Control+z");
  await page.evaluate(() => navigator.clipboard.writeText('new\t10\tcc\r\n""\tno number\t\r\nlast\t30\tee\r\n'));
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Control+v");
  await page.getByText("1 value was left out").waitFor();
  await page.getByText("3 changes not saved").waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Save 3 changes" }).click();
  await page.getByText("3 changes saved.").waitFor();
  const { result } = await sql("select a, b, c from cells order by id");
  assert.deepEqual(result.slice(1), [["new", "10", "cc"], ["", "2", ""], ["last", "30", "ee"], ["two\nlines", "4", "s"]]);
});

inPage("rows are deleted by keyboard", "/console/data", async (page) => {
  await open(page, "cells");
  await cell(page, "new").waitFor();
  await page.getByRole("grid").focus();
  await page.keyboard.press("Shift+ArrowDown");
  await page.keyboard.press("Control+Delete");
  await page.getByRole("button", { name: "Save 2 changes" }).click();
  await page.getByText("2 rows deleted.").waitFor();
  await cell(page, "new").waitFor({ state: "detached" });
  assert.equal((await sql("select count(*) from cells")).result[1][0], "2");
});

inPage("what was saved is taken back, and what went along with a deleted row is told", "/console/data", async (page) => {
  await sql(`create table keep (id int generated always as identity primary key, name text unique); insert into keep (name) select 'keep ' || i from generate_series(1, 5) i;
    create table child (id int primary key, keep_id int references keep on delete cascade); insert into child values (1, 5)`);
  await open(page, "keep");
  const remove = async (name) => {
    await page.getByRole("row").filter({ has: cell(page, name) }).getByRole("checkbox").check();
    await page.getByRole("button", { name: "Delete 1 row" }).click();
    await page.getByRole("button", { name: "Save 1 change" }).click();
    await page.getByText("1 row deleted.").first().waitFor();
    await cell(page, name).waitFor({ state: "detached" });
  };
  await remove("keep 2");
  await page.getByRole("button", { name: "Undo" }).click();
  await cell(page, "keep 2").waitFor();
  assert.deepEqual((await sql("select id from keep where name = 'keep 2'")).result[1], ["2"]);
  await remove("keep 3");
  await sql("insert into keep (name) values ('keep 3')");
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByText(/duplicate key value violates unique constraint/).waitFor();
  await remove("keep 5");
  await page.getByText("1 row of child was deleted along, so this cannot be undone here.").waitFor();
  assert.equal(await page.getByRole("button", { name: "Undo" }).count(), 0);
}, { expected: [/400/] });

inPage("rows of a file are matched, checked, refused as a whole, and imported", "/console/data", async (page) => {
  await sql("create table goods (id int primary key, name text not null, price numeric check (price >= 0), at timestamptz default now())");
  await open(page, "goods");
  await page.getByRole("link", { name: "Import" }).click();
  await page.waitForURL(/goods\/import$/);
  const take = (name, text) => page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
  await take("goods.csv", 'ID;Price;what\n1;1.5;"a;b"\n2;x;c\n3;-1;""\n');
  await page.getByText("goods.csv: 3 rows").waitFor();
  await page.getByText("These have to be given: name.").waitFor();
  await page.getByLabel("In the table: what").selectOption("name");
  await page.getByText("x: This is not a number.").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByText(/violates check constraint/).waitFor();
  await page.getByRole("cell", { name: 'invalid input syntax for type numeric: "x"' }).waitFor();
  assert.equal((await sql("select count(*) from goods")).result[1][0], "0");
  await take("goods.csv", 'ID;Price;name\n1;1.5;"a;b"\n2;;c\n3;1;""\n');
  await page.getByRole("button", { name: "Import 3 rows" }).click();
  await page.getByText("3 rows imported.").waitFor();
  await take("goods.json", '[{"id": 3, "name": "new", "price": 12345678901234567890.10}, {"id": 4, "name": "four"}]');
  await page.getByLabel("A row whose key is there already").selectOption("update");
  await page.getByRole("button", { name: "Import 2 rows" }).click();
  await page.getByText("2 rows imported.").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("link", { name: "See the rows" }).click();
  await cell(page, "12345678901234567890.10").waitFor();
  assert.deepEqual((await sql("select id, name, price from goods order by id")).result.slice(1), [["1", "a;b", "1.5"], ["2", "c", "NULL"], ["3", "new", "12345678901234567890.10"], ["4", "four", "NULL"]]);
});

inPage("a hundred thousand rows are imported", "/console/data", async (page) => {
  await sql("create table lots (id int primary key, name text)");
  await page.goto(`${base}/console/data/default/public/lots/import`);
  const text = `id,name\n${Array.from({ length: 100_000 }, (_, i) => `${i},name ${i}`).join("\n")}`;
  await page.locator("input[type=file]").setInputFiles({ name: "lots.csv", mimeType: "text/csv", buffer: Buffer.from(text) });
  await page.getByRole("button", { name: "Import 100,000 rows" }).click();
  await page.getByText("100,000 rows imported.").waitFor();
  assert.equal((await sql("select count(*) from lots")).result[1][0], "100000");
});

inPage("a view, whose rows nothing tells apart, is turned over by counting", "/console/data", async (page) => {
  await sql("create view numbers as select i / 2 * 2 as n from generate_series(1, 450) i");
  await open(page, "numbers");
  await page.getByText("Rows 1–200 of 450").waitFor();
  await page.getByRole("button", { name: "Last page" }).click();
  await page.getByText("Rows 401–450 of 450").waitFor();
  await cell(page, "402").first().waitFor();
  await page.getByRole("button", { name: "Previous page" }).click();
  await page.getByText("Rows 201–400 of 450").waitFor();
  await open(page, "numbers?from=5000");
  await page.getByText("No rows here any more").waitFor();
  await page.getByRole("button", { name: "First page" }).first().click();
  await page.getByText("Rows 1–200 of 450").waitFor();
});

/** Holds back the answers to a command from now on, until it is let go. */
const hold = async (page, type) => {
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  let asked;
  const begun = new Promise((resolve) => {
    asked = resolve;
  });
  await page.route("**/v1/metadata", async (route) => {
    if (route.request().postDataJSON()?.type === type) {
      asked();
      await released;
    }
    await route.fallback().catch(() => {}); // the page may be gone
  });
  return { begun, release };
};

inPage("a page that is turned twice while it is read is turned once", "/console/data", async (page) => {
  await sql("create table turned (id int primary key, name text); insert into turned select i, 'name ' || i from generate_series(1, 900) i");
  await open(page, "turned");
  await page.getByText("Rows 1–200 of 900").waitFor();
  await cell(page, "name 1").waitFor();
  const { begun, release } = await hold(page, "gatehouse_select_rows");
  await page.getByRole("grid").focus();
  await page.keyboard.press("Alt+PageDown");
  await begun;
  assert.equal(await page.getByRole("button", { name: "Next page" }).isEnabled(), false);
  await page.keyboard.press("Alt+PageDown");
  release();
  await cell(page, "name 201").waitFor();
  await page.getByText("Rows 201–400 of 900").waitFor();
  await page.getByRole("button", { name: "Next page" }).click();
  await cell(page, "name 401").waitFor();
  await page.getByText("Rows 401–600 of 900").waitFor();
});

inPage("what is typed stays with its row while others come and go, and goes with it", "/console/data", async (page) => {
  await sql("create table moving (id int primary key, name text); insert into moving select i, 'name ' || i from generate_series(1, 4) i");
  await open(page, "moving");
  await cell(page, "name 3").waitFor();
  const field = page.getByRole("textbox", { name: "name", exact: true });
  const readWhileTyping = async (statement, name, typed) => {
    await sql(statement);
    const { begun, release } = await hold(page, "gatehouse_select_rows");
    await page.getByRole("button", { name: "Read again" }).click();
    await begun;
    await cell(page, name).dblclick();
    await field.fill(typed);
    release();
  };
  await readWhileTyping("delete from moving where id = 1", "name 3", "mine");
  await cell(page, "name 1").waitFor({ state: "detached" });
  assert.equal(await field.inputValue(), "mine");
  await page.keyboard.press("Enter");
  await page.getByRole("row").filter({ has: cell(page, "3") }).filter({ has: cell(page, "mine") }).waitFor();
  await page.getByRole("button", { name: "Discard" }).click();
  await readWhileTyping("delete from moving where id = 3", "name 3", "nobody's");
  await field.waitFor({ state: "detached" });
  await cell(page, "name 4").waitFor();
  assert.equal(await page.getByText(/not saved/).count(), 0);
});

inPage("what is being saved stays before one's eyes until it is", "/console/data", async (page) => {
  await sql("create table slow (id int primary key, name text); insert into slow values (1, 'one')");
  await open(page, "slow");
  await cell(page, "one").dblclick();
  await page.keyboard.type("uno");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Control+Enter");
  const { begun, release } = await hold(page, "gatehouse_change_rows");
  await page.getByRole("button", { name: "Save 1 change" }).click();
  await begun;
  await page.keyboard.press("Escape");
  assert.equal(await page.getByRole("dialog").getByRole("button", { name: "Cancel" }).last().isDisabled(), true);
  release();
  await page.getByText("1 change saved.").waitFor();
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

inPage("a cell alone is pasted as it was copied, and none that is not wholly here", "/console/data", async (page) => {
  await sql(`create table lone (id int primary key, a text, b text);
    insert into lone values (1, E'two\\nlines', null), (2, '"hi"', null), (3, '', null), (4, repeat('x', 200000), null)`);
  await open(page, "lone");
  await cell(page, "1").click();
  for (let row = 1; row <= 4; row++) {
    await page.keyboard.press("Home");
    for (const key of ["ArrowRight", "Control+c", "ArrowRight"]) await page.keyboard.press(key);
    if (row === 4) {
      await page.getByText("Nothing was copied").waitFor();
      break;
    }
    await page.waitForFunction(async (text) => (await navigator.clipboard.readText()) === text, ["two\nlines", '"hi"', '""'][row - 1]);
    await page.keyboard.press("Control+v");
    await page.getByText(row === 1 ? "1 change not saved" : `${row} changes not saved`).waitFor();
    await page.keyboard.press("ArrowDown");
  }
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Save 3 changes" }).click();
  await page.getByText("3 changes saved.").waitFor();
  const { result } = await sql("select count(*) filter (where a is not distinct from b), count(*) from lone");
  assert.deepEqual(result[1], ["3", "4"]);
});

inPage("a row's panel takes a change back, and goes with its address", "/console/data", async (page) => {
  await sql("create table node (id int primary key, up int references node, name text); insert into node values (1, null, 'root'), (2, 1, 'leaf')");
  await open(page, "node");
  const drawer = page.getByRole("dialog");
  const set = async (value) => {
    await page.getByRole("button", { name: "Open row 2" }).click();
    await drawer.getByLabel("name text").fill(value);
    await drawer.getByRole("button", { name: "Apply" }).click();
    await drawer.waitFor({ state: "detached" });
  };
  await set("twig");
  await page.getByText("1 change not saved").waitFor();
  await set("leaf");
  await page.getByText("1 change not saved").waitFor({ state: "detached" });
  await cell(page, "leaf").waitFor();
  await page.getByRole("button", { name: "Open row 2" }).click();
  await drawer.getByLabel("name text").waitFor();
  await page.goBack();
  await drawer.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Open row 2" }).click();
  await drawer.getByRole("link", { name: "node (up)" }).first().click();
  await drawer.waitFor({ state: "detached" });
  await page.getByText("1 row", { exact: true }).waitFor();
});

inPage("a letter typed on a choice takes the first that begins with it, or none", "/console/data", async (page) => {
  await sql("create type mood as enum ('glad', 'sad', 'so-so'); create table choice (id int primary key, is_on boolean, mood mood); insert into choice values (1, false, 'glad')");
  await open(page, "choice");
  await cell(page, "false").click();
  await page.keyboard.press("t");
  const select = (name) => page.getByRole("combobox", { name, exact: true });
  assert.equal(await select("is_on").inputValue(), "true");
  await page.keyboard.press("Tab");
  await cell(page, "true").waitFor();
  await page.keyboard.press("x");
  assert.equal(await select("mood").inputValue(), "glad");
  await page.keyboard.press("Escape");
  await page.keyboard.press("s");
  assert.equal(await select("mood").inputValue(), "sad");
});
