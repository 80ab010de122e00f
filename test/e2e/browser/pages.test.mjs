// The sign-in pages by themselves, in every state the API can put them in. The stand-in of pages_test.go answers; app_id picks the situation.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { base, inaccessible, launch, openPage } from "./browser.mjs";

let context;
let close;
before(async () => {
  ({ context, close } = await launch());
});
after(() => close());

const calls = async (app) => (await fetch(`${base}/stand-in/calls?app_id=${app}`)).json();

/** Runs a test on a fresh page at `path` and lets none of its faults pass. */
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
const text = (page, selector) => page.locator(selector).textContent();
const focused = (page) => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
const fill = async (page, fields) => {
  for (const [id, value] of Object.entries(fields)) await page.fill(`#${id}`, value);
  await page.click("button[type=submit]");
};
const said = (page, selector) => page.waitForSelector(`${selector}:not(:empty)`).then(() => text(page, selector));

describe("sign-in", () => {
  on("signs in with the keyboard alone and leaves nothing to go back to", "/app/start", async (page) => {
    await page.goto(`${base}/sign-in?app_id=keys`);
    await page.waitForSelector("#identifier:focus");
    await page.keyboard.type("alice");
    await page.keyboard.press("Tab");
    await page.keyboard.type("Passw0rd_alice");
    await page.keyboard.press("Tab"); // Show
    assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), "Show password");
    await page.keyboard.press("Space");
    assert.equal(await page.getAttribute("#password", "type"), "text");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/app/callback?code=abc");
    await page.goBack();
    assert.equal(new URL(page.url()).pathname, "/app/start");
    assert.deepEqual(await calls("keys"), ["PUT ", "POST /verification/password", "POST /identification", "POST /submit"]);
  });

  on("asks for what is missing, at the field, without calling", "/sign-in?app_id=missing", async (page) => {
    await page.click("button[type=submit]");
    assert.equal(await said(page, "#identifier-error"), "Enter your username.");
    assert.equal(await focused(page), "identifier");
    await fill(page, { identifier: "alice" });
    assert.equal(await said(page, "#password-error"), "Enter your password.");
    assert.equal(await text(page, "#identifier-error"), "");
    assert.deepEqual(await calls("missing"), []);
  });

  on("says a wrong password at the password and lets it be typed over", "/sign-in?app_id=plain", async (page) => {
    await fill(page, { identifier: "alice", password: "bad" });
    assert.equal(await said(page, "#password-error"), "The username or the password is not right.");
    assert.equal(await focused(page), "password");
    assert.equal(await page.getAttribute("#password", "aria-describedby"), "password-error");
    assert.equal(await page.getAttribute("#password", "aria-invalid"), "true");
    await page.keyboard.type("Passw0rd_alice");
    await page.keyboard.press("Enter");
    await page.waitForURL("**/app/callback?code=abc");
  });

  for (const [app, words] of Object.entries({
    locked: "Too many failed attempts. This account is locked for a while; please try again later.",
    suspended: "This account is suspended. Please contact support.",
    broken: "Something went wrong on our side. Please try again in a moment.",
  }))
    on(`says so when it is ${app}`, `/sign-in?app_id=${app}`, async (page) => {
      await fill(page, { identifier: "alice", password: "Passw0rd_alice" });
      assert.equal(await said(page, ".problem"), words);
    });

  on("says so when there is no answer at all", "/sign-in?app_id=plain", async (page) => {
    await page.route("**/api/experience", (route) => route.abort());
    await fill(page, { identifier: "alice", password: "Passw0rd_alice" });
    assert.equal(await said(page, ".problem"), "No answer from the server. Check your connection and try again.");
  });

  on("sends once however often it is pressed", "/sign-in?app_id=slow", async (page) => {
    await fill(page, { identifier: "alice", password: "Passw0rd_alice" });
    await page.waitForSelector("button[aria-disabled=true]");
    assert.equal(await text(page, "button[type=submit]"), "Signing in…");
    await page.click("button[type=submit]", { force: true });
    await page.keyboard.press("Enter");
    await page.waitForURL("**/app/callback?code=abc");
    assert.deepEqual(await calls("slow"), ["PUT ", "POST /verification/password", "POST /identification", "POST /submit"]);
  });

  on("leads to the unknown-session page when its request is gone", "/sign-in?app_id=ended", async (page) => {
    await fill(page, { identifier: "alice", password: "Passw0rd_alice" });
    await page.waitForURL("**/unknown-session*");
    assert.equal(await text(page, "h1"), "This sign-in has ended");
  });

  on("takes an email where emails are enabled", "/sign-in?app_id=many", async (page) => {
    assert.equal(await text(page, "label[for=identifier]"), "Username or email");
    const request = page.waitForRequest("**/verification/password");
    await fill(page, { identifier: "alice@example.com", password: "x" });
    assert.deepEqual((await request).postDataJSON().identifier, { type: "email", value: "alice@example.com" });
  });

  on("works for password managers", "/sign-in?app_id=plain&login_hint=alice", async (page) => {
    assert.equal(await page.getAttribute("form #identifier", "autocomplete"), "username");
    assert.equal(await page.getAttribute("form #password", "autocomplete"), "current-password");
    assert.equal(await page.inputValue("#identifier"), "alice");
    assert.equal(await focused(page), "password");
  });

  on("fetches its settings when the server could not write them", "/sign-in?app_id=fetched", async (page) => {
    await page.waitForSelector("h1");
    assert.equal(await page.locator(".switch").count(), 0); // the fetched settings allow no registration
  });
});

describe("registration", () => {
  on("goes by username, then password; Back returns to the name; reload keeps the step", "/register?app_id=steps", async (page) => {
    await fill(page, { username: "dave5882" });
    await page.waitForURL("**/register/password?app_id=steps");
    assert.equal(await text(page, ".who"), "dave5882");
    assert.equal(await page.inputValue("input[name=username]"), "dave5882");
    assert.equal(await page.getAttribute("#password", "autocomplete"), "new-password");
    await page.goBack();
    await page.waitForSelector("#username");
    assert.equal(await page.inputValue("#username"), "dave5882");
    await page.goForward();
    await page.reload();
    assert.equal(await text(page, ".who"), "dave5882");
    await fill(page, { password: "Zk9_fjq!w2" });
    await page.waitForURL("**/app/callback?code=abc");
    assert.deepEqual(await calls("steps"), ["PUT ", "POST /verification/new-password-identity", "POST /identification", "POST /submit"]);
  });

  on("a taken name is said at the name", "/register?app_id=plain", async (page) => {
    await fill(page, { username: "alice" });
    await fill(page, { password: "Zk9_fjq!w2" });
    assert.equal(await said(page, "#username-error"), "This username is taken. Try another.");
    assert.equal(await focused(page), "username");
    await fill(page, { username: "alice2" });
    await fill(page, { password: "Zk9_fjq!w2" });
    await page.waitForURL("**/app/callback?code=abc");
  });

  on("a rejected password is said in words", "/register?app_id=plain", async (page) => {
    await fill(page, { username: "dave" });
    await fill(page, { password: "12345678" });
    assert.equal(await said(page, "#password-error"), "Avoid sequences such as “1234” or “qwerty”.");
  });

  on("shows and checks the policy before anything is sent", "/register?app_id=strict", async (page) => {
    await fill(page, { username: "x" });
    assert.equal(await said(page, "#username-error"), "Use at least 3 characters.");
    await fill(page, { username: "dave" });
    await page.fill("#password", "abcdefghijkl");
    assert.deepEqual(await page.locator(".policy li").evaluateAll((all) => all.map((li) => li.className)), ["met", ""]);
    await page.click("button[type=submit]");
    assert.equal(await said(page, "#password-error"), "Mix at least 3 kinds of characters: lower case, upper case, digits, symbols.");
    assert.deepEqual(await calls("strict"), []);
  });

  on("the second step without the first begins at the first", "/register/password?app_id=plain", async (page) => {
    assert.equal(await text(page, "h1"), "Create an account");
  });

  on("asks for the tick where the operator wants one, and not at sign-in", "/register?app_id=terms", async (page) => {
    await fill(page, { username: "dave" });
    assert.equal(await said(page, "#terms-error"), "Please agree to go on.");
    await page.check("#terms");
    await page.click("button[type=submit]");
    await page.waitForURL("**/register/password*");
    await page.goto(`${base}/sign-in?app_id=terms`);
    assert.equal(await page.locator("#terms, .terms").count(), 0);
  });
});

describe("the way between the screens", () => {
  on("leads from one to the other and keeps the application", "/sign-in?app_id=plain", async (page) => {
    await page.click(".switch a");
    await page.waitForURL(`${base}/register?app_id=plain`);
    await page.click(".switch a");
    await page.waitForURL(`${base}/sign-in?app_id=plain`);
  });
  on("first_screen=register opens registration", "/sign-in?app_id=plain&first_screen=register", async (page) => {
    assert.equal(await text(page, "h1"), "Create an account");
    await page.click(".switch a");
    await page.waitForSelector("#identifier");
  });
  for (const [path, title] of Object.entries({
    "/identifier-register": "Create an account",
    "/identifier-sign-in": "Sign in",
    "/direct/social/github?fallback=register": "Create an account",
    "/direct/sso/okta": "Sign in",
    "/register/elsewhere": "Create an account",
  }))
    on(path, path, async (page) => assert.equal(await text(page, "h1"), title));
  on("a closed registration leads to sign-in", "/register?app_id=closed", async (page) => {
    await page.waitForURL("**/sign-in?app_id=closed");
    assert.equal(await page.locator(".switch").count(), 0);
  });
  on("a closed sign-in leads to registration", "/sign-in?app_id=open", async (page) => {
    await page.waitForURL("**/register?app_id=open");
    assert.equal(await page.locator(".switch").count(), 0);
  });
});

describe("settings", () => {
  on("the operator's colours, name, support and CSS", "/sign-in?app_id=branded", async (page) => {
    const style = (selector, property) => page.locator(selector).evaluate((e, p) => getComputedStyle(e)[p], property);
    assert.equal(await style(".primary", "backgroundColor"), "rgb(242, 193, 78)");
    assert.equal(await style(".card", "borderRadius"), "4px");
    assert.equal(await text(page, ".wordmark"), "Orchard");
    assert.equal(await page.getAttribute(".foot a", "href"), "mailto:help@orchard.example");
    assert.equal(await page.locator(".secured").count(), 0);
  });
  on("cannot bring script", "/sign-in?app_id=hostile", async (page) => {
    assert.equal(await page.locator("a[href^='javascript']").count(), 0);
    assert.equal(await page.locator(".card").evaluate((e) => getComputedStyle(e).borderRadius), "20px"); // its broken CSS is dropped whole
  });
});

for (const [scheme, size] of [
  ["light", { width: 1280, height: 800 }],
  ["dark", { width: 360, height: 640 }],
])
  describe(`everybody gets in (${scheme}, ${size.width} wide)`, () => {
    for (const path of ["/sign-in?app_id=plain", "/sign-in?app_id=branded", "/sign-in?app_id=manual", "/sign-in?app_id=notice", "/register?app_id=terms", "/unknown-session", "/consent"])
      on(path, path, async (page) => {
        await page.setViewportSize(size);
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
        await page.waitForSelector("h1");
        assert.deepEqual(await inaccessible(page), []);
      });
    on("with errors on it", "/sign-in?app_id=plain", async (page) => {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme });
      await fill(page, { identifier: "alice", password: "bad" });
      await said(page, "#password-error");
      assert.deepEqual(await inaccessible(page), []);
    });
    on("while choosing a password", "/register?app_id=strict", async (page) => {
      await page.setViewportSize(size);
      await page.emulateMedia({ colorScheme: scheme });
      await fill(page, { username: "dave" });
      await page.fill("#password", "abcdefghijkl");
      assert.deepEqual(await inaccessible(page), []);
    });
  });

on("stays light where the operator turned dark off", "/sign-in?app_id=light", async (page) => {
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(244, 243, 238)");
});
