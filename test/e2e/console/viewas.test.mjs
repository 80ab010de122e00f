// A user is picked and what they see is seen: their schema, their rows, in a role they hold, at an address of its own.
import assert from "node:assert/strict";
import { before } from "node:test";
import { asAdmin, browser, inPage, metadata, sql, violations } from "./helpers.mjs";

browser();
const users = {};
const roles = {};
const give = (user, role) => asAdmin(`/api/users/${users[user]}/roles`, { roleIds: [roles[role]] });
before(async () => {
  await sql("create table pot (id int primary key, owner text, glaze text); insert into pot values (1, 'nobody', 'x')");
  await metadata("pg_track_table", { table: "pot" });
  await asAdmin("/api/resources", { name: "Data", indicator: "https://data.api" });
  for (const name of ["potter", "kiln:keeper", "guest"]) roles[name] = (await asAdmin("/api/roles", { name, description: name })).id;
  for (const name of ["ada", "ben", "zoe"]) users[name] = (await asAdmin("/api/users", { username: name })).id;
  await give("ada", "potter");
  await give("ada", "kiln:keeper");
  await give("ben", "potter");
  await sql(`insert into pot values (2, '${users.ada}', 'blue'), (3, '${users.ada}', 'green'), (4, '${users.ben}', 'red')`);
  const own = { owner: { _eq: "X-Hasura-User-Id" } };
  await metadata("pg_create_select_permission", { table: "pot", role: "potter", permission: { columns: ["id"], filter: own } });
  await metadata("pg_create_select_permission", { table: "pot", role: "kiln:keeper", permission: { columns: ["id", "glaze"], filter: {} } });
});

const editor = (page) => page.locator(".graphiql-query-editor .view-lines");
const run = async (page, query) => {
  await editor(page).click({ timeout: 30_000 });
  await page.keyboard.press("Control+a");
  await page.keyboard.type(query);
  await page.keyboard.press("Escape");
  const answered = page.waitForResponse((r) => r.url().endsWith("/v1/graphql") && r.request().postDataJSON().query.includes("pot "));
  await page.keyboard.press("Control+Enter");
  return (await answered).json();
};
const pick = async (page, name) => {
  const field = page.getByRole("combobox", { name: /A user|For a user/ });
  await field.fill(name);
  await page.getByRole("option", { name, exact: true }).click();
};

inPage("a user is picked, and exactly their rows and their schema are seen", "/console/graphql", async (page) => {
  await page.getByRole("button", { name: "View as admin" }).click();
  await pick(page, "ada");
  await page.getByRole("combobox", { name: "Role" }).click();
  assert.deepEqual(await page.getByRole("option").allInnerTexts(), ["kiln:keeper", "potter"]);
  await page.getByRole("option", { name: "potter" }).click();
  await page.getByText("x-hasura-user-id").waitFor();
  await page.getByText(users.ada, { exact: true }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByRole("button", { name: "View as", exact: true }).click();
  await page.getByText("You see what ada sees as role potter.").waitFor();
  assert.equal(new URL(page.url()).search, `?as=${users.ada}&role=potter`);
  assert.deepEqual(await run(page, "{ pot (order_by: {id: asc}) { id"), { data: { pot: [{ id: 2 }, { id: 3 }] } });
  assert.match(JSON.stringify(await run(page, "{ pot (limit: 1) { glaze")), /field 'glaze' not found/);
  assert.deepEqual(await violations(page), []);

  await page.reload();
  await page.getByText("You see what ada sees as role potter.").waitFor();
  assert.deepEqual(await run(page, "{ pot (order_by: {id: desc}) { id"), { data: { pot: [{ id: 3 }, { id: 2 }] } });
  await page.getByRole("button", { name: "Back to admin" }).click();
  assert.equal(new URL(page.url()).search, "");
  assert.equal((await run(page, "{ pot (limit: 10) { owner")).data.pot.length, 4);
});

inPage("a link leads to what a user sees, or to nothing at all", "/console/graphql", async (page) => {
  const open = (as, role) => page.goto(`${new URL(page.url()).origin}/console/graphql?as=${as}${role ? `&role=${encodeURIComponent(role)}` : ""}`);
  await open(users.ada, "kiln:keeper");
  await page.getByText("You see what ada sees as role kiln:keeper.").waitFor();
  assert.equal((await run(page, "{ pot (limit: 10) { glaze")).data.pot.length, 4);
  await open(users.ben);
  await page.getByText("You see what ben sees as role potter.").waitFor();
  assert.deepEqual(await run(page, "{ pot (limit: 10) { id"), { data: { pot: [{ id: 4 }] } });

  const refused = async (words) => {
    await page.getByRole("alert").getByText(words).waitFor();
    assert.equal(await editor(page).count(), 0); // nothing of the admin's is shown in their stead
    assert.deepEqual(await violations(page), []);
  };
  await open(users.ben, "kiln:keeper");
  await refused("ben does not hold the role kiln:keeper now.");
  await open(users.zoe);
  await refused("zoe holds no role: the data API refuses their tokens.");
  await open("nobody");
  await refused("There is no such user.");
  await asAdmin(`/api/users/${users.ben}/is-suspended`, { isSuspended: true }, "PATCH");
  await open(users.ben);
  await refused("The user is suspended: the data API refuses their tokens.");
  await asAdmin(`/api/users/${users.ben}/is-suspended`, { isSuspended: false }, "PATCH");
}, { expected: [/status of 4(04|22)/] });

inPage("a role and variables that are written are in the address too", "/console/graphql", async (page) => {
  await page.getByRole("button", { name: "View as admin" }).click();
  await page.getByRole("combobox", { name: "View as" }).fill("potter");
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("user-id");
  await page.getByRole("textbox", { name: "Value" }).fill("nobody");
  await page.getByRole("button", { name: "View as", exact: true }).click();
  await page.getByText("You see what role potter sees.").waitFor();
  await page.reload();
  await page.getByText("You see what role potter sees.").waitFor();
  assert.deepEqual(await run(page, "{ pot (limit: 10) { id"), { data: { pot: [{ id: 1 }] } });
});

inPage("a change of a permission is looked at for a user", "/console/permissions/default/public/pot", async (page) => {
  await page.getByRole("button", { name: /^potter may read pot/ }).click();
  const impact = page.getByRole("region", { name: "What this changes" });
  await pick(page, "ada");
  await impact.getByRole("row", { name: /2$/ }).waitFor();
  assert.equal(await impact.getByRole("combobox", { name: "x-hasura-user-id" }).or(impact.getByLabel("x-hasura-user-id")).first().inputValue(), users.ada);
  assert.deepEqual((await impact.getByRole("row").allInnerTexts()).slice(1).map((text) => text.trim().split(/\s+/).at(-1)), ["2", "3"]);
  assert.deepEqual(await violations(page), []);
  await pick(page, "zoe");
  await impact.getByText("The user does not hold the role potter now").waitFor();
  await impact.getByText(/^No row|sees no row|no rows/i).waitFor();
});
