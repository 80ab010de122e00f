// Identity: both articles' half by clicks alone, and every page opened, used for its main task and reloaded at its address.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launch } from "../browser/browser.mjs";
import { asAdmin, base, browser, inPage, signIn, violations, watch } from "./helpers.mjs";
import { button, dialog, heading, reloaded, said } from "./identity.mjs";

browser();

const toPage = async (page, name) => {
  const pages = page.getByRole("navigation", { name: "Pages" });
  await pages.getByRole("link", { name: "Identity", exact: true }).click();
  await pages.getByRole("link", { name, exact: true }).click();
  await heading(page, name);
};

inPage("article 1: an API resource for Hasura, as its console is described", "/console", async (page) => {
  await toPage(page, "API Resources");
  await button(page, "Create API Resource").first().click();
  const form = dialog(page);
  await form.getByLabel("API name").fill("Hasura");
  await form.getByLabel("API identifier").fill("hasura.api");
  await form.getByRole("button", { name: "Create API Resource" }).click();
  await form.getByText("An API identifier is an absolute URI").waitFor(); // said at its field, and nothing is lost
  assert.deepEqual(await violations(page), []);
  await form.getByLabel("API identifier").fill("https://hasura.api");
  await form.getByRole("button", { name: "Create API Resource" }).click();
  await said(page, "The API resource Hasura has been successfully created.");
  await heading(page, "Hasura");
  await page.getByRole("tab", { name: "Use it" }).click();
  await page.getByText("/api/authn/hasura?resource=https://hasura.api").waitFor();
  await reloaded(page, () => page.getByText("/api/authn/hasura?resource=https://hasura.api").waitFor());
  const [resource] = (await asAdmin("/api/resources")).filter(({ indicator }) => indicator === "https://hasura.api");
  assert.equal(resource.isDataApi, true);
});

inPage("article 2: scopes, a role for each, given to a user, and Hasura's claims by a script", "/console", async (page) => {
  await toPage(page, "API Resources");
  await button(page, "Create API Resource").first().click();
  await dialog(page).getByLabel("API name").fill("Hasura API");
  await dialog(page).getByLabel("API identifier").fill("https://*.hasura.app/api");
  await dialog(page).getByRole("button", { name: "Create API Resource" }).click();
  await heading(page, "Hasura API");
  for (const name of ["read:user", "maintain:user"]) {
    await button(page, "Create permission").first().click();
    await dialog(page).getByLabel("Permission name").fill(name);
    await dialog(page).getByRole("button", { name: "Create permission" }).click();
    await said(page, `The permission ${name} has been successfully created.`);
    await page.getByRole("cell", { name, exact: true }).waitFor();
  }
  await reloaded(page, () => page.getByRole("cell", { name: "maintain:user", exact: true }).waitFor());

  await toPage(page, "Users");
  await button(page, "Add user").first().click();
  await dialog(page).getByLabel("Username").fill("ada");
  await dialog(page).getByRole("button", { name: "Add user" }).click();
  await page.getByText("The user has been added").waitFor();
  assert.deepEqual(await violations(page), []);
  await dialog(page).getByRole("link", { name: "Details of the user" }).click();
  await heading(page, "ada");

  for (const [name, scope] of [
    ["user:reader", "read:user"],
    ["user:maintainer", "maintain:user"],
  ]) {
    await toPage(page, "Roles");
    await button(page, "Create role").first().click();
    await dialog(page).getByLabel("Role name").fill(name);
    await dialog(page).getByLabel(scope).check();
    assert.deepEqual(await violations(page), []);
    await dialog(page).getByRole("button", { name: "Create role" }).click();
    await heading(page, name);
    await button(page, "Assign users").click();
    await dialog(page).getByLabel("ada", { exact: true }).check();
    await dialog(page).getByRole("button", { name: "Assign users" }).click();
    await said(page, "1 user now holds this role.");
    await page.getByRole("link", { name: "ada", exact: true }).waitFor();
    await reloaded(page, () => page.getByRole("link", { name: "ada", exact: true }).waitFor());
  }

  await toPage(page, "Custom JWT");
  await page.getByRole("link", { name: "Add custom claims" }).first().click();
  await heading(page, "User access token");
  await button(page, "Add a variable").click();
  await page.getByLabel("Name 1").fill("USER_DEFAULT_ROLE_NAMES");
  await page.getByLabel("Value 1").fill("user,good_user");
  const user = page.getByRole("combobox", { name: "User" });
  await user.click();
  await user.fill("ada");
  await page.getByRole("option", { name: "ada", exact: true }).click();
  await page.getByText('"primaryEmail"').waitFor(); // what the script is given for her, as she is
  await button(page, "Run test").click();
  const claims = page.getByText('"x-hasura-allowed-roles"');
  await claims.waitFor();
  for (const role of ["user:reader", "user:maintainer", "good_user"]) assert.match(await claims.innerText(), new RegExp(`"${role}"`));
  assert.deepEqual(await violations(page), []);
  await button(page, "Save changes").click();
  await said(page, "The script is saved. Tokens issued from now on have its claims.");
  await page.reload();
  await page.getByLabel("Name 1").waitFor();
  assert.equal(await page.getByLabel("Name 1").inputValue(), "USER_DEFAULT_ROLE_NAMES");
  const [script] = await asAdmin("/api/configs/jwt-customizer");
  assert.equal(script.key, "jwt.accessToken");
  assert.deepEqual(script.value.environmentVariables, { USER_DEFAULT_ROLE_NAMES: "user,good_user" });
});

inPage("the script editor completes what getCustomJwtClaims is given", "/console/identity/custom-jwt/client-credentials", async (page) => {
  const editor = page.getByRole("textbox", { name: "Script" });
  await editor.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type("context.appl");
  await page.getByRole("option", { name: /application/ }).first().waitFor();
  await page.keyboard.press("Escape");
  // Leaving with changes is asked first.
  await page.getByRole("link", { name: "API Resources", exact: true }).click();
  await page.getByText("What you changed on this page is not saved.").waitFor();
  await button(page, "Cancel").click();
  await button(page, "Discard").click();
});

inPage("an application is created, its redirect URI checked, its guide filled in, its secret shown on demand", "/console/identity/applications?create=new", async (page) => {
  await dialog(page).getByLabel("Application name").fill("Website");
  await dialog(page).getByRole("radio", { name: "Traditional web" }).click();
  assert.deepEqual(await violations(page), []);
  await button(page, "Create application").last().click();
  await heading(page, "Website");
  const uri = page.getByLabel("Redirect URI");
  await uri.fill("javascript:alert(1)");
  await button(page, "Add").click();
  await page.getByText("is no redirect URI").waitFor();
  await uri.fill("https://web.example.com/callback");
  await button(page, "Add").click();
  await said(page, "https://web.example.com/callback is added.");
  await page.getByText('baseUrl: "https://web.example.com"').waitFor();
  await page.getByRole("tab", { name: "Secrets" }).click();
  await button(page, "Show the secret Default secret").click();
  const [app] = (await asAdmin("/api/applications")).filter(({ name }) => name === "Website");
  const [{ value }] = await asAdmin(`/api/applications/${app.id}/secrets`);
  await page.getByText(value, { exact: true }).waitFor();
  await reloaded(page, () => button(page, "Show the secret Default secret").waitFor());
  assert.equal(await page.getByText(value).count(), 0);
  await page.getByRole("tab", { name: "Settings" }).click();
  await page.getByRole("combobox", { name: "CORS allowed origins" }).fill("https://elsewhere.example.com");
  await page.keyboard.press("Enter");
  await button(page, "Save changes").click();
  await said(page, "The application is saved.");
  // Another tab would lose what is typed: it is asked first, and staying keeps it.
  await page.getByLabel("Description").fill("The shop");
  await page.getByRole("tab", { name: "Guide" }).click();
  await page.getByText("What you changed on this page is not saved.").waitFor();
  await button(page, "Cancel").click();
  assert.equal(await page.getByLabel("Description").inputValue(), "The shop");
  await button(page, "Discard").click();
  assert.deepEqual((await asAdmin(`/api/applications/${app.id}`)).customClientMetadata.corsAllowedOrigins, ["https://elsewhere.example.com"]);
  assert.deepEqual(await violations(page), []);
});

inPage("a role is taken and the undo gives it back; suspending is asked first", "/console/identity/users", async (page) => {
  const made = await asAdmin("/api/users", {
    username: "grace",
    name: "Grace Hopper",
    password: "correct horse battery",
    avatar: "https://example.com/grace.png", // elsewhere: not asked for
  });
  const role = await asAdmin("/api/roles", { name: "keeper", description: "Keeps" });
  await asAdmin(`/api/users/${made.id}/roles`, { roleIds: [role.id] });
  await page.reload();
  await page.getByLabel("Find by name, username, e-mail or phone").fill("hop");
  await page.waitForURL(/q=hop/);
  await page.getByRole("link", { name: "Grace Hopper", exact: true }).click();
  await heading(page, "Grace Hopper");
  await page.getByRole("tab", { name: "Roles" }).click();
  await button(page, "Take the role keeper away").click();
  await page.getByText("keeper is taken away.").waitFor();
  await button(page, "Undo").click();
  await page.getByRole("link", { name: "keeper", exact: true }).waitFor();
  await button(page, "More").click();
  await page.getByRole("menuitem", { name: "Suspend" }).click();
  await page.getByText("Suspend Grace Hopper?").waitFor();
  assert.equal((await asAdmin(`/api/users/${made.id}`)).isSuspended, false);
  await dialog(page).getByRole("button", { name: "Suspend", exact: true }).click();
  await said(page, "Grace Hopper is suspended.");
  assert.equal((await asAdmin(`/api/users/${made.id}`)).isSuspended, true);
  await page.getByRole("tab", { name: "Custom data" }).click();
  await page.getByRole("textbox", { name: "Custom data" }).waitFor();
  await reloaded(page, () => page.getByRole("textbox", { name: "Custom data" }).waitFor());
});

inPage("users are imported with the hashes they have, and what is refused says why", "/console/identity/users/import", async (page) => {
  const csv = "username,email,password_hash\nbarbara,barbara@example.com,$2a$04$Gb4hnl.Q4eJ9Er/mGkNHJ.pImBOdWbAtMqULPKtMxnXRZVvkvfVMa\n1up,,\nbarbara,,\n";
  await page.locator("input[type=file]").setInputFiles({ name: "users.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await page.getByText("2 rows are left out").first().waitFor();
  assert.deepEqual(await violations(page), []);
  await button(page, "Import 1 user").click();
  await page.getByText("1 of 1 created, 0 refused").waitFor();
  const [user] = await asAdmin("/api/users?search=barbara");
  assert.equal(user.hasPassword, true);
  // A second time the server refuses it, in words.
  await button(page, "Another file").click();
  await page.locator("input[type=file]").setInputFiles({ name: "users.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
  await button(page, "Import 1 user").click();
  await page.getByText("This username is already in use.").waitFor();
  assert.deepEqual(await violations(page), []);
}, { expected: [/422/] });

inPage("sign-in settings are seen in the sign-in page itself before they are saved", "/console/identity/sign-in-experience", async (page) => {
  await page.getByRole("textbox", { name: "Brand colour", exact: true }).fill("#7a1fa2");
  const shown = page.frameLocator("iframe[title='Preview of the sign-in page']");
  await shown.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.waitForFunction(() => {
    const { contentDocument } = document.querySelector("iframe");
    return contentDocument.documentElement.style.getPropertyValue("--brand") === "#7a1fa2";
  });
  const stored = async () => (await asAdmin("/api/sign-in-exp")).color.primaryColor;
  assert.notEqual(await stored(), "#7a1fa2");
  await page.getByText("Sign-up", { exact: true }).click();
  await shown.getByRole("heading", { name: /account/i }).waitFor();
  await page.getByText("Desktop", { exact: true }).click();
  await page.waitForFunction(() => document.querySelector("iframe").contentWindow.innerWidth === 1280); // as wide as a screen, drawn smaller
  assert.deepEqual(await violations(page), []);
  await button(page, "Save changes").click();
  await said(page, "The settings are saved, and in force.");
  assert.equal(await stored(), "#7a1fa2");
  for (const tab of ["Sign-up and sign-in", "Policies", "Content"]) {
    await page.getByRole("tab", { name: tab }).click();
    assert.deepEqual(await violations(page), []);
  }
  await page.getByLabel("Terms of use").fill("example");
  await button(page, "Save changes").click();
  await page.getByText("This is no web address.").waitFor();
  await page.getByLabel("Terms of use").fill("https://example.com/terms");
  await button(page, "Save changes").click();
  await said(page, "The settings are saved, and in force.");
  await reloaded(page, () => page.getByLabel("Terms of use").waitFor());
  assert.equal(await page.getByLabel("Terms of use").inputValue(), "https://example.com/terms");
});

inPage("signing keys are rotated, and the previous one deleted", "/console/identity/keys", async (page) => {
  await button(page, "Rotate the token signing keys").click();
  await page.getByRole("combobox", { name: "When it signs" }).click();
  await page.getByRole("option", { name: "At once" }).click();
  await button(page, "Rotate keys").click();
  await page.getByRole("cell", { name: "Previous" }).waitFor();
  const keys = await asAdmin("/api/configs/oidc/private-keys");
  assert.deepEqual(keys.map(({ status }) => status), ["Current", "Previous"]);
  await button(page, `Delete the key ${keys[1].id}`).click();
  await button(page, "Delete key").click();
  await said(page, "The key is deleted.");
  await reloaded(page, () => page.getByRole("cell", { name: "Current" }).waitFor());
});

inPage("members are added, given another role, and removed", "/console/identity/members", async (page) => {
  await asAdmin("/api/users", { username: "owner_one" });
  await asAdmin("/api/users", { username: "helper_two" });
  for (const [name, role] of [
    ["owner_one", "Owner"],
    ["helper_two", "Support"],
  ]) {
    await button(page, "Add member").first().click();
    const user = dialog(page).getByRole("combobox", { name: "User" });
    await user.fill(name);
    await page.getByRole("option", { name, exact: true }).click();
    await dialog(page).getByRole("radio", { name: role }).check();
    assert.deepEqual(await violations(page), []);
    await dialog(page).getByRole("button", { name: "Add member" }).click();
    await said(page, `${name} is now a member.`);
  }
  await page.getByRole("combobox", { name: "Role of owner_one" }).click();
  await page.getByRole("option", { name: "Developer" }).click();
  await page.getByText("The console needs an owner").waitFor(); // refused by the server, in words
  await button(page, "Remove helper_two").click();
  await button(page, "Remove member").click();
  await said(page, "helper_two is no longer a member.");
  await reloaded(page, () => page.getByText("owner_one").first().waitFor());
}, { expected: [/422/] });

test("a support member reads users and the log, is offered no change, and is refused what the page hides", async () => {
  const made = await asAdmin("/api/users", { username: "support_one", password: "Correct-horse-77" });
  const { context, close } = await launch();
  try {
    const owner = await context.newPage();
    await signIn(owner);
    const sent = (page, method, path, body) =>
      page.evaluate(
        async (call) => (await fetch(call.path, { method: call.method, headers: { "content-type": "application/json" }, body: call.body })).status,
        { method, path, body: body && JSON.stringify(body) },
      );
    assert.equal(await sent(owner, "PUT", `/console/api/members/${made.id}`, { role: "support" }), 204);
    await context.clearCookies();
    const page = await context.newPage();
    const faults = watch(page, [/403/]);
    await page.goto(`${base}/console/identity/users/${made.id}`);
    await page.getByRole("link", { name: "Sign in", exact: true }).or(page.getByRole("button", { name: "Sign in", exact: true })).click();
    await page.getByLabel("Username").fill("support_one");
    await page.getByLabel("Password", { exact: true }).fill("Correct-horse-77");
    await page.keyboard.press("Enter");
    await heading(page, "support_one");
    const pages = await page.getByRole("navigation", { name: "Pages" }).getByRole("link").allInnerTexts();
    for (const name of ["Custom JWT", "Sign-in experience", "Signing keys", "Members"]) assert.ok(!pages.includes(name), `${name} is offered`);
    for (const name of ["Reset password", "More"]) assert.equal(await button(page, name).count(), 0, `${name} is offered`);
    await page.getByRole("link", { name: "Roles", exact: true }).click();
    await heading(page, "Roles");
    assert.equal(await button(page, "Create role").count(), 0);
    for (const [method, path, body] of [
      ["PATCH", `/api/users/${made.id}/is-suspended`, { isSuspended: true }],
      ["DELETE", `/api/users/${made.id}`],
      ["POST", "/api/roles", { name: "mine", description: "x" }],
      ["GET", "/api/configs/oidc/private-keys"],
      ["PATCH", "/api/sign-in-exp", { hideLogtoBranding: true }],
      ["GET", "/console/api/members"],
    ])
      assert.equal(await sent(page, method, path, body), 403, `${method} ${path}`);
    await page.goto(`${base}/console/identity/keys`);
    await page.getByText("You may not do this. An owner of this Gatehouse can.").first().waitFor();
    assert.equal(await page.getByRole("button", { name: /Rotate|Try again/ }).count(), 0);
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(faults, []);
  } finally {
    await close();
  }
});
