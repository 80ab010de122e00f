// What somebody does who follows the articles by clicks: one function a step. Nothing here knows an API.
import assert from "node:assert/strict";
import { violations } from "./helpers.mjs";

export const heading = (page, name) => page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const dialog = (page) => page.getByRole("dialog");
export const said = (page, text) => page.getByText(text, { exact: true }).first().waitFor();
export const isAccessible = async (page) => assert.deepEqual(await violations(page), []);

/** To a page by the navigation: its section, and the page within. */
export const go = async (page, section, name, title = name ?? section) => {
  const pages = page.getByRole("navigation", { name: "Pages" });
  await pages.getByRole("link", { name: section, exact: true }).click();
  if (name) await pages.getByRole("link", { name, exact: true }).click();
  await heading(page, title);
};

/** The link of the banner: the first administrator, who is in the console afterwards. */
export const setUp = async (page, link, username, password) => {
  await page.goto(link);
  await page.getByLabel("Username").fill(username);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await isAccessible(page);
  await page.getByRole("button", { name: /create/i }).click();
  await page.getByRole("button", { name: /open the console/i }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
};

/** "Then click the huge '+ Create API Resource' button in the top-right corner." Ends on the resource's page. */
export const createResource = async (page, name, identifier) => {
  await go(page, "Identity", "API Resources");
  await button(page, "Create API Resource").first().click();
  await dialog(page).getByLabel("API name").fill(name);
  await dialog(page).getByLabel("API identifier").fill(identifier);
  await dialog(page).getByRole("button", { name: "Create API Resource" }).click();
  await said(page, `The API resource ${name} has been successfully created.`);
  await heading(page, name);
};

/** A table with a numbered key and further columns of text, in the API. Ends on its rows. */
export const createTable = async (page, name, columns) => {
  await go(page, "Data", undefined, "public");
  await page.getByRole("link", { name: "Create table" }).first().click();
  await heading(page, "Create a table");
  await page.getByLabel(/^Name/).first().fill(name);
  const form = page.getByRole("group", { name: "Columns" });
  for (const [i, column] of columns.entries()) {
    if (i > 0) await button(page, "Add column").click();
    await form.getByLabel(/^Name/).fill(column); // the group is called as the column is, as soon as it has a name
  }
  await button(page, "Review SQL").click();
  await page.getByText(`create table public.${name}`).first().waitFor();
  await button(page, "Run").click();
  await heading(page, name);
};

export const insertRow = async (page, table, values) => {
  await go(page, "Data", undefined, "public");
  await page.getByRole("link", { name: table, exact: true }).first().click();
  await heading(page, table);
  await button(page, "Insert row").first().click();
  for (const [column, value] of Object.entries(values)) await page.getByLabel(`${column} text`).fill(value);
  await button(page, "Insert").click();
  await said(page, "Row inserted.");
};

/** Lets a role do something with a table's rows that are the caller's, as their column says. */
export const allow = async (page, table, role, operation, columns, owner) => {
  await go(page, "Permissions");
  await page.getByRole("link", { name: table, exact: true }).click();
  await page.waitForURL(`**/public/${table}`);
  const cell = page.getByRole("button", { name: new RegExp(`^${role} may not ${operation} ${table}`) });
  const name = page.getByRole("textbox", { name: "New role", exact: true });
  await name.waitFor();
  if (!(await cell.isVisible())) {
    await name.fill(role);
    await button(page, "Add").click();
  }
  await cell.click();
  await button(page, "Allow").click();
  for (const column of columns) await page.getByRole("region", { name: "Columns" }).getByLabel(`${column} text`).check();
  const rows = page.getByRole("region", { name: "Rows", exact: true });
  await rows.getByText("Only rows that fulfil").click();
  await rows.getByRole("button", { name: "Add", exact: true }).click();
  await page.getByRole("menuitem", { name: "Condition", exact: true }).click();
  await rows.getByRole("combobox", { name: "Column" }).click();
  await page.getByRole("option", { name: owner, exact: true }).click();
  assert.equal(await rows.getByLabel("Value").inputValue(), "X-Hasura-User-Id");
  await button(page, "Save").click();
  await said(page, `Saved: ${role} may ${operation} ${table}.`);
};

/** A single page app with its redirect URI, as its guide asks for. Returns its ID, as it stands there to be copied. */
export const createApplication = async (page, name, origin) => {
  await go(page, "Identity", "Applications");
  await button(page, "Create application").first().click();
  await dialog(page).getByLabel("Application name").fill(name);
  await dialog(page).getByRole("radio", { name: "Single page app" }).click();
  await dialog(page).getByRole("button", { name: "Create application" }).click();
  await heading(page, name);
  await page.getByLabel("Redirect URI", { exact: true }).fill(`${origin}/callback`);
  await button(page, "Add").click();
  await said(page, `${origin}/callback is added.`);
  const text = await page
    .getByText(/appId: "/)
    .first()
    .innerText();
  await page.getByRole("tab", { name: "Settings" }).click();
  await page.getByRole("combobox", { name: "Post sign-out redirect URIs" }).fill(origin);
  await page.keyboard.press("Enter");
  await button(page, "Save changes").click();
  await said(page, "The application is saved.");
  return /appId: "([^"]+)"/.exec(text)[1];
};

/** The role by name, with what it permits and who has it. */
export const createRole = async (page, name, scope, username) => {
  await go(page, "Identity", "Roles");
  await button(page, "Create role").first().click();
  await dialog(page).getByLabel("Role name").fill(name);
  if (scope) await dialog(page).getByLabel(scope).check();
  await dialog(page).getByRole("button", { name: "Create role" }).click();
  await heading(page, name);
  await button(page, "Assign users").click();
  await dialog(page).getByLabel(username, { exact: true }).check();
  await dialog(page).getByRole("button", { name: "Assign users" }).click();
  await said(page, "1 user now holds this role.");
};

export const toUser = async (page, username) => {
  await go(page, "Identity", "Users");
  await page.getByRole("link", { name: username, exact: true }).click();
  await heading(page, username);
};

/** An operation, written in GraphiQL, becomes a REST endpoint. */
export const createEndpoint = async (page, operation, name, address, method) => {
  await go(page, "API", undefined, "GraphQL");
  await page.locator(".graphiql-query-editor .view-lines").click({ timeout: 30_000 });
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(operation);
  await button(page, "With this operation").click();
  await page.getByRole("menuitem", { name: "Make a REST endpoint" }).click();
  const form = dialog(page);
  await form.getByLabel("Name").fill(name);
  await form.getByLabel("Address").fill(address);
  for (const one of await form.getByRole("checkbox").all()) await one.uncheck();
  await form.getByRole("checkbox", { name: method }).check();
  await form.getByRole("button", { name: "Create REST endpoint" }).click();
  await said(page, `${name} is served.`);
};
