// A thousand tables: found, folded away, listed and drawn.
import assert from "node:assert/strict";
import { base, browser, inPage, sql, violations } from "./helpers.mjs";

browser();

inPage("the tree and the list of a thousand tables are worked in", "/console/data", async (page) => {
  await sql(`do $$ begin for i in 1..1000 loop execute format('create table t_%s (id int primary key, next int %s)', lpad(i::text, 4, '0'),
    case when i > 1 then 'references t_' || lpad((i / 2)::text, 4, '0') else '' end); end loop; end $$;
    create schema side; create table side.lonely (id int)`);
  await page.goto(`${base}/console/data/default/public`);
  const tree = page.getByRole("navigation", { name: "Tables" });
  await tree.getByRole("link", { name: /^t_0001/ }).waitFor();
  await page.getByRole("button", { name: "850 more tables" }).click();
  await page.getByRole("button", { name: "Track t_0300" }).waitFor();
  await tree.getByRole("button", { name: "Tables of public" }).click();
  await tree.getByRole("link", { name: /^lonely/ }).waitFor();
  await page.reload();
  await tree.getByRole("link", { name: /^lonely/ }).waitFor();
  assert.equal(await tree.getByRole("link", { name: /^t_0001/ }).count(), 0);
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("Find a table").first().fill("t_09 77");
  await tree.getByRole("link", { name: /^t_0977/ }).click();
  await page.waitForURL(/t_0977/);
});

inPage("the picture shows what is around a table, at an address of its own", "/console/data/picture", async (page) => {
  await page.getByText("1,001 of 1,001 tables").waitFor();
  assert.equal(await page.getByLabel("What is drawn of a table").inputValue(), "names");
  await page.getByRole("combobox", { name: "Around a table" }).or(page.getByRole("textbox", { name: "Around a table" })).first().fill("public.t_0010");
  await page.getByText("4 of 1,001 tables").waitFor();
  await page.getByLabel("How far around").selectOption("2");
  await page.getByText("10 of 1,001 tables").waitFor();
  await page.reload();
  await page.getByText("10 of 1,001 tables").waitFor();
  assert.deepEqual(await violations(page), []);
  await page.locator(".picture a").first().focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/data\/default\/public\/t_/);
  await page.getByRole("link", { name: "Schema picture" }).click();
  await page.waitForURL(/around=/);
});
