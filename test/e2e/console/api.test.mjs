// An operation becomes a REST endpoint and is tried, is explained, and is put on the allow list.
import assert from "node:assert/strict";
import { before } from "node:test";
import { base, browser, inPage, metadata, sql, violations } from "./helpers.mjs";

browser();
before(async () => {
  await sql("create table pot (id int primary key, owner text); insert into pot values (1, 'ada'), (2, 'ben')");
  await metadata("pg_track_table", { table: "pot" });
  await metadata("pg_create_select_permission", { table: "pot", role: "potter", permission: { columns: ["id"], filter: { owner: { _eq: "X-Hasura-User-Id" } } } });
});

inPage("an operation is explained and becomes an endpoint", "/console/graphql", async (page) => {
  await page.locator(".graphiql-query-editor .view-lines").click({ timeout: 30_000 });
  await page.keyboard.press("Control+a");
  await page.keyboard.type("query Pot($id: Int!) { pot_by_pk(id: $id) { id owner");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "With this operation" }).click();
  await page.getByRole("menuitem", { name: "Make a REST endpoint" }).click();
  const form = page.getByRole("dialog", { name: "Create REST endpoint" });
  assert.equal(await form.getByLabel("Name").inputValue(), "Pot");
  await form.getByLabel("Address").fill("pot/:id");
  assert.deepEqual(await violations(page), []);
  await form.getByRole("button", { name: "Create REST endpoint" }).click();
  await page.waitForURL("**/console/graphql/rest**");
  await page.getByRole("textbox", { name: "id", exact: true }).fill("2");
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText('"owner": "ben"').waitFor();
  // As somebody who may not see that column, the endpoint refuses.
  await page.getByRole("button", { name: "View as admin" }).click();
  await page.getByRole("combobox", { name: "View as" }).fill("potter");
  await page.getByRole("button", { name: "View as", exact: true }).click();
  await page.getByRole("button", { name: "Send" }).click();
  await page.getByText(/field 'pot_by_pk' not found|field 'owner' not found/).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.reload();
  await page.getByRole("heading", { name: "Pot" }).waitFor();
  await page.getByRole("button", { name: "Send" }).waitFor();
  await page.getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("heading", { name: "No REST endpoint yet" }).waitFor();
}, { expected: [/status of 40\d/] });

inPage("an operation is saved by a name, found again after reloading, changed and removed", "/console/graphql", async (page) => {
  const editor = page.locator(".graphiql-query-editor .view-lines");
  const holds = (text) => page.waitForFunction((t) => document.querySelector(".graphiql-query-editor .view-lines")?.textContent.replace(/\s/g, "").includes(t), text);
  await editor.click({ timeout: 30_000 });
  await page.keyboard.press("Control+a");
  await page.keyboard.type("query Pots { pot { id");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /Saved operations/ }).click();
  const saved = page.getByRole("region", { name: "Saved operations" });
  await saved.getByRole("button", { name: "Save", exact: true }).click();
  await saved.getByLabel("Name of the operation").fill("Owners");
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.type("query Owners { pot { owner");
  await page.keyboard.press("Escape");
  await saved.getByRole("button", { name: "Save", exact: true }).click();
  await saved.getByRole("button", { name: "Pots", exact: true }).click();
  await holds("queryPots");
  // With code and tabs in sight, in both themes.
  await page.getByRole("button", { name: "New tab" }).click();
  await page.locator(".graphiql-tab-button").first().click({ position: { x: 10, y: 10 } });
  await holds("queryPots");
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.locator(`:root[data-mantine-color-scheme=${scheme}]`).waitFor();
    assert.deepEqual(await violations(page), []);
  }
  await page.reload();
  await saved.getByRole("button", { name: "Owners", exact: true }).click();
  await holds("queryOwners");
  // What GraphiQL brings back can be worked with at once.
  await page.getByRole("button", { name: "With this operation" }).click();
  await page.getByRole("menuitem", { name: "Add to the allow list" }).click();
  const form = page.getByRole("dialog", { name: "Add an operation" });
  assert.match(await form.getByLabel("Operation").inputValue(), /query Owners/);
  await form.getByRole("button", { name: "Cancel" }).click();
  for (const name of ["Pots", "Owners"]) await saved.getByRole("button", { name: `Remove ${name}` }).click();
  await saved.getByRole("button", { name: "Undo" }).click();
  await page.reload();
  await saved.getByRole("button", { name: "Owners", exact: true }).waitFor();
  assert.equal(await saved.getByRole("button", { name: "Pots", exact: true }).count(), 0);
});

inPage("an operation's SQL and plan are shown as the caller's", "/console/graphql", async (page) => {
  await page.locator(".graphiql-query-editor .view-lines").click({ timeout: 30_000 });
  await page.keyboard.press("Control+a");
  await page.keyboard.type("{ pot { id");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "With this operation" }).click();
  await page.getByRole("menuitem", { name: "Explain" }).click();
  const dialog = page.getByRole("dialog", { name: "How it is answered" });
  await dialog.getByText(/from "public"."pot"/).waitFor();
  await dialog.getByText(/Seq Scan on pot/).waitFor();
  assert.deepEqual(await violations(page), []);
});

inPage("an operation is put on the allow list and taken off", "/console/graphql/allow-list", async (page) => {
  await page.getByText(/The allow list is not enforced/).waitFor();
  await page.getByRole("button", { name: "Add an operation" }).click();
  const form = page.getByRole("dialog", { name: "Add an operation" });
  await form.getByLabel("Operation").fill("query Pots { pot { id } }");
  await form.getByRole("button", { name: "Add", exact: true }).click();
  await form.waitFor({ state: "hidden" });
  await page.getByText("query Pots { pot { id } }").waitFor();
  const onList = page.getByRole("switch", { name: "On the allow list" });
  assert.equal(await onList.isChecked(), true);
  assert.deepEqual(await violations(page), []);
  await onList.press("Space");
  await page.getByText("allowed-queries is no longer on the allow list.").waitFor();
  assert.equal(await onList.isChecked(), false);
});

inPage("on a phone the answer stands below the operation", "/console", async (page) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(`${base}/console/graphql`);
  await page.locator(".graphiql-query-editor .view-lines").click({ timeout: 30_000, position: { x: 5, y: 5 } });
  await page.keyboard.press("Control+a");
  await page.keyboard.type("{ pot { id");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Enter");
  await page.locator(".graphiql-response").getByText('"pot"').waitFor();
  const [asked, answered] = await Promise.all([".graphiql-editors", ".graphiql-response"].map((part) => page.locator(part).boundingBox()));
  assert.ok(answered.y >= asked.y + asked.height && answered.width > 200, JSON.stringify([asked, answered]));
});
