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
  await page.getByText("2 changes saved.").waitFor();
  await cell(page, "new").waitFor({ state: "detached" });
  assert.equal((await sql("select count(*) from cells")).result[1][0], "2");
});
