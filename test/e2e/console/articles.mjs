// Both articles by clicks alone, from a fresh database to a secured query: the link of the banner, the console, and the React app of examples/react on
// Logto's SDK as published. MODE=webhook: "Logto x Hasura"; MODE=jwt: "Use JWT for access control". articles_test.go starts what they need.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { identity, resource, serveApp } from "../browser/articles_setup.mjs";
import { launch, openPage } from "../browser/browser.mjs";
import * as click from "./clicks.mjs";
import { watch } from "./helpers.mjs";

const mode = process.env.MODE;
const password = "Zk9_fjq!w2";
const administrator = "owner";
const mine = "{ profile { name } }";

let browser, app, page, faults;
before(async () => {
  app = await serveApp();
  browser = await launch();
  page = await browser.context.newPage();
  // What is not a filter yet while it is being clicked together is refused when it is rehearsed.
  faults = watch(page, [/status of 400.*\/v1\/metadata\)/], [new URL(identity).origin]);
});
after(async () => {
  if (process.env.SHOTS) await page?.screenshot({ path: `${process.env.SHOTS}/articles-${mode}-end.png` }); // where it stood
  await browser?.close();
  app?.close();
});

/** The React app in a browser of its own: its people are not the console's. */
const openApp = async (appId) => {
  await app.open(appId, mine);
  const theirs = await launch();
  after(theirs.close);
  const opened = await openPage(theirs.context, [app.origin, new URL(identity).origin, new URL(process.env.DATA_URL).origin]);
  await opened.page.goto(app.origin);
  return opened;
};

/** Presses one of the app's buttons; returns the answer it shows. */
const press = async (shown, name) => {
  await shown.getByRole("button", { name, exact: true }).click();
  await shown.locator("#answer").waitFor();
  return { status: Number(await shown.textContent("#status")), body: JSON.parse(await shown.textContent("#answer")) };
};
const refused = ({ status, body }) =>
  assert.ok(
    status === 401 || (body.errors?.[0]?.extensions?.code ?? body.code) === "access-denied",
    `not refused: ${status} ${JSON.stringify(body)}`,
  );

const signIn = async (shown, username) => {
  await shown.getByRole("button", { name: "Sign in" }).click();
  await shown.locator("#identifier").fill(username);
  await shown.locator("#password").fill(password);
  await shown.keyboard.press("Enter");
  await shown.getByText(`Hello, ${username}`).waitFor();
};

test("the first administrator comes by the link of the banner, and in again by signing in", async () => {
  await click.setUp(page, process.env.SETUP_LINK, administrator, password);
  await page.getByRole("button", { name: administrator }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page
    .getByRole("link", { name: "Sign in", exact: true })
    .or(page.getByRole("button", { name: "Sign in", exact: true }))
    .click();
  await page.getByLabel("Username").fill(administrator);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
  assert.deepEqual(faults, []);
});

test("Logto x Hasura", { skip: mode !== "webhook" }, async () => {
  // "Set up API in Logto"
  await click.createResource(page, "Hasura", resource);
  // "Enable webhook authentication in Hasura": the setting is in force, and where it came from is told.
  await click.go(page, "Operations", "Settings in force");
  await page.getByRole("row", { name: /HASURA_GRAPHQL_AUTH_HOOK\b.*\/api\/authn\/hasura.*environment/i }).waitFor();
  // A table, its rows for those they belong to.
  await click.createTable(page, "profile", ["user_id", "name"]);
  await click.allow(page, "profile", "user", "read", ["name"], "user_id");
  // "Integrate Logto SDK"
  const { page: shown, faults: appFaults } = await openApp(await click.createApplication(page, "React", app.origin));
  await shown.getByRole("button", { name: "Sign up" }).click();
  await shown.locator("#username").fill("ada");
  await shown.keyboard.press("Enter");
  await shown.locator("#password").fill(password);
  await shown.keyboard.press("Enter");
  await shown.getByText("Hello, ada").waitFor();
  // "Set default roles in Logto": they reflect in the user and in tokens.
  assert.deepEqual((await shown.locator("#roles").innerText()).split(", ").sort(), ["good_user", "user"]);
  await click.toUser(page, "ada");
  const id = new URL(page.url()).pathname.split("/").at(-1);
  await page.getByRole("tab", { name: "Roles" }).click();
  for (const role of ["user", "good_user"]) await page.getByRole("link", { name: role, exact: true }).waitFor();
  await click.insertRow(page, "profile", { user_id: id, name: "Ada" });
  await click.insertRow(page, "profile", { user_id: "somebody else", name: "Ben" });
  // "Send requests": without the role nothing, with it one's own row.
  await shown.fill("#role", "admin");
  refused(await press(shown, "Query with Expected-Role"));
  await shown.fill("#role", "user");
  assert.deepEqual(await press(shown, "Query with Expected-Role"), { status: 200, body: { data: { profile: [{ name: "Ada" }] } } });
  // The role is taken: the next request is refused.
  await click.toUser(page, "ada");
  await page.getByRole("tab", { name: "Roles" }).click();
  await click.button(page, "Take the role user away").click();
  await page.getByText("user is taken away.").waitFor();
  refused(await press(shown, "Query with Expected-Role"));
  await page.getByRole("alert").filter({ hasText: "user is taken away." }).getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "user", exact: true }).waitFor();
  assert.equal((await press(shown, "Query with Expected-Role")).status, 200);
  assert.deepEqual(appFaults, []);
  assert.deepEqual(faults, []);
});

test("Logto x Hasura: Use JWT for access control", { skip: mode !== "jwt" }, async () => {
  // "Suppose a user already has two APIs in Hasura, GET /user and PATCH /user."
  await click.createTable(page, "profile", ["user_id", "name"]);
  for (const role of ["user:reader", "user:maintainer"]) await click.allow(page, "profile", role, "read", ["name"], "user_id");
  await click.allow(page, "profile", "user:maintainer", "change", ["name"], "user_id");
  await click.createEndpoint(page, "query user { profile { name } }", "user", "user", "GET");
  await click.createEndpoint(
    page,
    "mutation rename($name: String!) { update_profile(where: {}, _set: {name: $name}) { returning { name } } }",
    "rename",
    "user",
    "PATCH",
  );
  // "1. Create Hasura API resource in Logto"
  await click.createResource(page, "Hasura API", resource);
  // "2. Create roles according to Hasura setup in Logto": a scope each
  for (const name of ["read:user", "maintain:user"]) {
    await click.button(page, "Create permission").first().click();
    await click.dialog(page).getByLabel("Permission name").fill(name);
    await click.dialog(page).getByRole("button", { name: "Create permission" }).click();
    await page.getByRole("cell", { name, exact: true }).waitFor();
  }
  await click.go(page, "Identity", "Users");
  await click.button(page, "Add user").first().click();
  await click.dialog(page).getByLabel("Username").fill("grace");
  await click.dialog(page).getByText("Choose one").click();
  await click.dialog(page).getByRole("textbox", { name: "Password" }).fill(password);
  await click.dialog(page).getByRole("button", { name: "Add user" }).click();
  await click.dialog(page).getByRole("link", { name: "Details of the user" }).click();
  await click.heading(page, "grace");
  const id = new URL(page.url()).pathname.split("/").at(-1);
  await click.createRole(page, "user:reader", "read:user", "grace");
  // "3. Configure HASURA_GRAPHQL_JWT_SECRET": only jwk_url
  await click.go(page, "Operations", "Settings in force");
  await page.getByRole("row", { name: /HASURA_GRAPHQL_JWT_SECRET\b.*environment/i }).waitFor();
  // "4. Customize user access token extra claims": the article's script is the template.
  await click.go(page, "Identity", "Custom JWT");
  await page.getByRole("link", { name: "Add custom claims" }).first().click();
  await click.heading(page, "User access token");
  await click.button(page, "Add a variable").click();
  await page.getByLabel("Name 1").fill("USER_DEFAULT_ROLE_NAMES");
  await page.getByLabel("Value 1").fill("user");
  await click.button(page, "Save changes").click();
  await click.said(page, "The script is saved. Tokens issued from now on have its claims.");
  await click.insertRow(page, "profile", { user_id: id, name: "Grace" });
  await click.insertRow(page, "profile", { user_id: "somebody else", name: "Ben" });
  // "5. Integrate Logto SDK"
  const { page: shown, faults: appFaults } = await openApp(await click.createApplication(page, "React", app.origin));
  await signIn(shown, "grace");
  assert.deepEqual(await press(shown, "GET /api/rest/user"), { status: 200, body: { profile: [{ name: "Grace" }] } });
  await shown.fill("#changes", '{"name":"Grace Hopper"}');
  refused(await press(shown, "PATCH /api/rest/user"));
  await click.createRole(page, "user:maintainer", "maintain:user", "grace");
  // "The JWT-based access can continuously be used until the JWT expires": the role is in the next one.
  await shown.getByRole("button", { name: "Sign out" }).click();
  await signIn(shown, "grace");
  await shown.fill("#changes", '{"name":"Grace Hopper"}');
  assert.deepEqual(await press(shown, "PATCH /api/rest/user"), { status: 200, body: { update_profile: { returning: [{ name: "Grace Hopper" }] } } });
  assert.deepEqual(appFaults, []);
  assert.deepEqual(faults, []);
});
