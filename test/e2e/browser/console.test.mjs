// The console by itself, against the stand-in of pages_test.go.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { base, inaccessible, launch, openPage } from "./browser.mjs";

let context;
let close;
before(async () => {
  ({ context, close } = await launch());
});
after(() => close());

const on = (name, path, run) =>
  test(name, async () => {
    const { page, faults } = await openPage(context);
    try {
      await page.goto(base + path);
      await run(page);
      assert.deepEqual(faults, []);
    } finally {
      await page.close();
    }
  });
const said = (page, selector) => page.waitForSelector(`${selector}:not(:empty)`).then(() => page.textContent(selector));

describe("set-up", () => {
  on("makes the first administrator, and takes the token out of the address", "/console/setup#link-token_1", async (page) => {
    await page.waitForSelector("#username:focus");
    assert.equal(page.url(), `${base}/console/setup`);
    assert.deepEqual(await inaccessible(page), []);
    await page.fill("#username", "root");
    await page.fill("#password", "12345678");
    await page.click("button[type=submit]");
    assert.match(await said(page, "#password-error"), /too easy to guess/);
    await page.reload(); // the token outlives a reload, the password does not
    await page.fill("#username", "root");
    await page.fill("#password", "Zk9_fjq!w2");
    await page.keyboard.press("Enter");
    await page.waitForSelector("text=You are the administrator");
  });
  on("takes the token from the query as well, and says when it is spent", "/console/setup?token=old", async (page) => {
    await page.fill("#username", "root");
    await page.fill("#password", "Zk9_fjq!w2");
    await page.click("button[type=submit]");
    await page.waitForSelector("text=This set-up link has been used or is not ours.");
  });
  on("without a token asks for the admin secret", "/console/setup", async (page) => {
    assert.deepEqual(await inaccessible(page), []);
    await page.fill("#secret", "opensesame");
    await page.fill("#username", "root");
    await page.fill("#password", "Zk9_fjq!w2");
    await page.click("button[type=submit]");
    await page.waitForSelector("text=You are the administrator");
  });
});

describe("the console", () => {
  on("stays shut without the admin secret", "/console", async (page) => {
    await page.fill("#secret", "guess");
    await page.click("button[type=submit]");
    assert.equal(await said(page, "#secret-error"), "This is not the admin secret.");
    assert.deepEqual(await inaccessible(page), []);
    assert.equal(await page.evaluate(() => sessionStorage.length + localStorage.length), 0);
  });
  on("shows health, numbers and addresses, survives a reload, and locks", "/console", async (page) => {
    await page.fill("#secret", "opensesame");
    await page.click("button[type=submit]");
    await page.waitForSelector("text=Everything is up");
    await page.waitForSelector(`text=${base}/oidc/jwks`);
    assert.deepEqual(await page.locator(".fact dd").allTextContents(), ["1", "2", "0", "2"]);
    assert.deepEqual(await inaccessible(page), []);
    await page.reload();
    await page.waitForSelector("text=Everything is up");
    assert.equal(await page.evaluate(() => document.cookie + JSON.stringify(localStorage)), "{}");
    await page.click("text=Lock");
    await page.waitForSelector("#secret");
    await page.reload();
    await page.waitForSelector("#secret:focus");
  });
  on("explores GraphQL under the admin secret and under a role, off line", "/console/graphql", async (page) => {
    await page.fill("#secret", "opensesame");
    const introspection = page.waitForRequest("**/v1/graphql");
    await page.click("button[type=submit]");
    assert.equal((await introspection).headers()["x-hasura-admin-secret"], "opensesame");
    await page.waitForSelector(".graphiql-editors .view-lines", { timeout: 30_000 });
    const asRole = page.waitForRequest("**/v1/graphql");
    await page.selectOption("#role", "manager");
    const { "x-hasura-role": role, "x-hasura-admin-secret": secret } = (await asRole).headers();
    assert.deepEqual([role, secret], ["manager", "opensesame"]);
    assert.equal(await page.evaluate(() => JSON.stringify(localStorage).includes("opensesame")), false);
  });
});
