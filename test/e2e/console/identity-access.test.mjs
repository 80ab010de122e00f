// Identity, what may be had: sessions and tokens, API resources, roles, scripts, applications and their guides.
import assert from "node:assert/strict";
import { asAdmin, browser, inPage, violations } from "./helpers.mjs";
import { button, choose, dialog, onPhone, reloaded, said } from "./identity.mjs";

browser();

inPage("sessions last as long as is said, and ID tokens carry what is switched on", "/console/identity/tokens", async (page) => {
  const life = page.getByRole("textbox", { name: "Signed in for", exact: true });
  assert.equal(await life.inputValue(), "14");
  await life.fill("8");
  await choose(page, "Unit of: Signed in for", "hours");
  await page.getByRole("checkbox", { name: "Custom data" }).check();
  await button(page, "Save changes").click();
  await said(page, "The settings are saved.");
  assert.deepEqual(await asAdmin("/api/configs/oidc/session"), { ttl: 8 * 3600 });
  const { enabledExtendedClaims } = await asAdmin("/api/configs/id-token");
  // Claims the page says nothing about stay as they were.
  assert.deepEqual(enabledExtendedClaims.toSorted(), ["custom_data", "organization_roles", "organizations", "roles"]);
  await reloaded(page, () => life.waitFor());
  assert.equal(await life.inputValue(), "8");
  await life.fill("9000");
  await button(page, "Save changes").click();
  await page.getByText("From one second to 365 days.").waitFor();
  assert.deepEqual(await violations(page), []);
  await button(page, "Discard").click();
  await onPhone(page, () => life.waitFor());
});

inPage("what deleting a permission or a role would take is told first", "/console", async (page) => {
  const resource = await asAdmin("/api/resources", { name: "Orders", indicator: "https://orders.example.com" });
  const scope = await asAdmin(`/api/resources/${resource.id}/scopes`, { name: "read:orders" });
  const role = await asAdmin("/api/roles", { name: "clerk", description: "Reads orders", scopeIds: [scope.id] });
  for (const username of ["clerk_one", "clerk_two"]) {
    const user = await asAdmin("/api/users", { username });
    await asAdmin(`/api/users/${user.id}/roles`, { roleIds: [role.id] });
  }
  await page.goto(`${new URL(page.url()).origin}/console/identity/resources/${resource.id}`);
  await button(page, "Delete permission read:orders").click();
  await dialog(page).getByText("The role clerk has it.").waitFor();
  assert.deepEqual(await violations(page), []);
  await dialog(page).getByRole("button", { name: "Delete permission" }).click();
  await said(page, "The permission read:orders is deleted.");
  await page.getByRole("tab", { name: "General" }).click();
  await page.getByRole("textbox", { name: "Token lifetime", exact: true }).fill("30");
  await choose(page, "Unit of: Token lifetime", "minutes");
  await button(page, "Save changes").click();
  await said(page, "The API resource is saved.");
  assert.equal((await asAdmin(`/api/resources/${resource.id}`)).accessTokenTtl, 1800);

  await page.goto(`${new URL(page.url()).origin}/console/identity/roles/${role.id}`);
  await button(page, "Delete").click();
  await dialog(page).getByText("2 users hold this role.").waitFor();
  await dialog(page).getByLabel("Type clerk to confirm").fill("clerk");
  assert.deepEqual(await violations(page), []);
  await dialog(page).getByRole("button", { name: "Delete role" }).click();
  await said(page, "The role clerk is deleted.");
});

inPage("a script that fails says where, in words and in the editor", "/console/identity/custom-jwt/access-token", async (page) => {
  await page.getByRole("textbox", { name: "Script" }).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("const getCustomJwtClaims = async ({ context }) => {\n  return { x: context.nothing.y };\n};");
  await button(page, "Run test").click();
  await page.getByText("The script failed in line 2, column").waitFor();
  await page.locator(".cm-lintRange-error").first().waitFor();
  assert.deepEqual(await violations(page), []);
  // Mended, it runs with a context that is typed.
  await page.getByRole("textbox", { name: "Script" }).click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText("const getCustomJwtClaims = async ({ token, context }) => ({ plan: context.plan, client: token.clientId });");
  const context = page.getByRole("textbox", { name: "Context" });
  await context.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText('{ "plan": "gold" }');
  await button(page, "Run test").click();
  await page.getByText('"client": "application"').waitFor();
  await button(page, "Discard").click();
}, { expected: [/422/] });

inPage("a guide for each framework, with what it needs registered on the way and an undo for what is taken", "/console", async (page) => {
  const origin = new URL(page.url()).origin;
  const app = await asAdmin("/api/applications", {
    name: "Shop",
    type: "SPA",
    oidcClientMetadata: { redirectUris: ["https://shop.example.com/done"], postLogoutRedirectUris: [] },
  });
  const stored = async () => asAdmin(`/api/applications/${app.id}`);
  await page.goto(`${origin}/console/identity/applications/${app.id}`);
  await page.getByLabel("CORS allowed origin").fill("https://other.example.com/path");
  await button(page, "Add origin").click();
  await page.getByText("is no origin").waitFor();
  await page.getByLabel("CORS allowed origin").fill("https://other.example.com");
  await button(page, "Add origin").click();
  await said(page, "https://other.example.com is added.");
  assert.deepEqual((await stored()).customClientMetadata.corsAllowedOrigins, ["https://other.example.com"]);
  await button(page, "Remove https://shop.example.com/done").click();
  await page.getByText("https://shop.example.com/done is removed.").waitFor();
  assert.deepEqual((await stored()).oidcClientMetadata.redirectUris, []);
  await button(page, "Undo").click();
  await button(page, "Remove https://shop.example.com/done").waitFor();
  assert.deepEqual((await stored()).oidcClientMetadata.redirectUris, ["https://shop.example.com/done"]);
  for (const [name, words] of [
    ["Vue", "createLogto"],
    ["Svelte", "handleSignInCallback"],
    ["Angular", 'redirectUrl: "https://shop.example.com/done"'],
    ["JavaScript", "new LogtoClient"],
    ["OIDC", "discovery"],
  ]) {
    await page.getByRole("tab", { name, exact: true }).click();
    await page.getByText(words).first().waitFor();
    assert.deepEqual(await violations(page), []);
  }
  await page.waitForURL(/framework=oidc/);
  await reloaded(page, () => page.getByText(`client_id     ${app.id}`).waitFor());
  await onPhone(page, () => page.getByText("discovery").waitFor());

  await page.getByRole("tab", { name: "Settings" }).click();
  const data = page.getByRole("textbox", { name: "Custom data" });
  await data.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText('{"tier":1,"of":"shop"}');
  await button(page, "Save changes").click();
  await said(page, "The application is saved.");
  assert.deepEqual((await stored()).customData, { tier: 1, of: "shop" });
  await page.getByRole("region", { name: "Unsaved changes" }).waitFor({ state: "detached" });
  await data.click();
  await page.keyboard.press("Control+A");
  await page.keyboard.insertText('{"tier":1}');
  await button(page, "Save changes").click();
  await page.getByText("set of to null instead").waitFor();
  await button(page, "Discard").click();
});

inPage("native applications and machines have their guides, too", "/console", async (page) => {
  const origin = new URL(page.url()).origin;
  for (const [type, names] of [
    ["Traditional", ["Next.js", "Nuxt", "SvelteKit", "Express", "Go", "Python", "PHP"]],
    ["Native", ["iOS", "Android", "Flutter", "React Native"]],
    ["MachineToMachine", ["Node", "Go", "curl", "Python"]],
  ]) {
    const app = await asAdmin("/api/applications", { name: type, type });
    await page.goto(`${origin}/console/identity/applications/${app.id}`);
    for (const name of names) {
      await page.getByRole("tab", { name, exact: true }).click();
      await page.getByRole("tabpanel").getByText(app.id).first().waitFor();
    }
    assert.deepEqual(await violations(page), []);
    await onPhone(page, () => page.getByRole("tab", { name: names[0], exact: true }).waitFor());
    await page.setViewportSize({ width: 1280, height: 800 });
  }
});
