// The browser's part of both articles: the React app of examples/react, on Logto's SDK as published, against a running Gatehouse.
//   IDENTITY_URL, DATA_URL (or BASE_URL for both), ADMIN_SECRET, RESOURCE; SHOTS=dir for pictures
//   MODE=builtin (default) or webhook: roles count at once; MODE=jwt: roles are in the token, by the custom claims script
//   DEFAULT_ROLES: what USER_DEFAULT_ROLE_NAMES was set to, if it was
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { give, identity, data, serveApp, setUpClaims, setUpData, setUpIdentity, sql, take, userIdOf } from "./articles_setup.mjs";
import { inaccessible, launch, openPage } from "./browser.mjs";

const mode = process.env.MODE ?? "builtin";
const username = `dave_${Date.now().toString(36)}`;
const password = "Zk9_fjq!w2";

let app, browser, page, faults, userId;
before(async () => {
  app = await serveApp();
  await setUpData();
  if (mode === "jwt") await setUpClaims();
  await app.open(await setUpIdentity(app.origin));
  browser = await launch();
  ({ page, faults } = await openPage(browser.context, [app.origin, new URL(identity).origin, new URL(data).origin]));
  await page.goto(app.origin);
});
after(async () => {
  await browser?.close();
  app?.close();
});

/** Presses one of the app's buttons; returns the answer it shows. */
const press = async (name) => {
  await page.getByRole("button", { name, exact: true }).click();
  await page.waitForSelector("#answer, #problem");
  const problem = await page.locator("#problem").textContent({ timeout: 100 }).catch(() => undefined);
  assert.equal(problem, undefined);
  return { status: Number(await page.textContent("#status")), body: JSON.parse(await page.textContent("#answer")) };
};
const refused = ({ status, body }) => assert.ok(status === 401 || (body.errors?.[0]?.extensions?.code ?? body.code) === "access-denied", `not refused: ${status} ${JSON.stringify(body)}`);
const signOut = async () => {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in" }).waitFor();
};
const startSignIn = async () => {
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForSelector("#identifier:focus");
};
const greeted = async () => {
  await page.waitForURL(`${app.origin}/`);
  await page.waitForFunction((name) => document.querySelector("#username")?.textContent === name, username);
};

test("signs up", async () => {
  await page.getByRole("button", { name: "Sign up" }).click();
  await page.waitForSelector("#username:focus");
  assert.equal(new URL(page.url()).origin, new URL(identity).origin);
  assert.deepEqual(await inaccessible(page), []);
  await page.fill("#username", username);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#password:focus");
  await page.keyboard.type("12345678");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#password-error:not(:empty)");
  await page.fill("#password", password);
  await page.keyboard.press("Enter");
  await greeted();
  userId = await userIdOf(username);
  await sql(`insert into profile values ('${userId}', 'Dave')`);
  if (process.env.DEFAULT_ROLES) assert.deepEqual((await page.textContent("#roles")).split(", ").sort(), process.env.DEFAULT_ROLES.split(",").sort());
  else await give(userId, ["user"]);
});

test("queries GraphQL as the role it holds, and only as that", async () => {
  if (mode === "jwt") {
    await signOut(); // a token carries the roles of its making
    await startSignIn();
    await page.keyboard.type(username);
    await page.fill("#password", password);
    await page.keyboard.press("Enter");
    await greeted();
  }
  const buttons = { webhook: ["Query with Expected-Role"], jwt: ["Query with X-Hasura-Role"], builtin: ["Query with Expected-Role", "Query with X-Hasura-Role"] }[mode];
  for (const button of buttons) {
    await page.fill("#role", "user");
    assert.deepEqual(await press(button), { status: 200, body: { data: { profile: [{ id: userId, name: "Dave" }] } } });
    for (const role of ["user:reader", "no such role", "admin"]) {
      await page.fill("#role", role);
      refused(await press(button));
    }
  }
});

// The hook reads Expected-Role only, and the REST calls of the second article send X-Hasura-Role.
test("calls the REST endpoints as reader and maintainer", { skip: mode === "webhook" }, async () => {
  refused(await press("GET /api/rest/user"));
  await give(userId, ["user:reader", "user:maintainer"]);
  if (mode === "jwt") {
    await signOut();
    await startSignIn();
    await page.keyboard.type(username);
    await page.fill("#password", password);
    await page.keyboard.press("Enter");
    await greeted();
  }
  assert.deepEqual(await press("GET /api/rest/user"), { status: 200, body: { profile: [{ id: userId, name: "Dave" }] } });
  await page.fill("#changes", '{"name":"Dave the second"}');
  assert.deepEqual(await press("PATCH /api/rest/user"), {
    status: 200,
    body: { update_profile: { affected_rows: 1, returning: [{ id: userId, name: "Dave the second" }] } },
  });
});

test("a role taken away is gone on the next request, with the same token", { skip: mode === "jwt" }, async () => {
  const button = mode === "webhook" ? "Query with Expected-Role" : "Query with X-Hasura-Role";
  await page.fill("#role", "user");
  assert.equal((await press(button)).body.errors, undefined);
  await take(userId, "user");
  refused(await press(button));
  await give(userId, ["user"]);
  assert.equal((await press(button)).body.errors, undefined);
});

test("signs out, and the session is over", async () => {
  await signOut();
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForSelector("#password"); // asked again
});

test("says a wrong password, then signs in with the keyboard alone, in the dark", async () => {
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForSelector("#identifier:focus");
  assert.deepEqual(await inaccessible(page), []);
  await page.keyboard.type(username);
  await page.keyboard.press("Tab");
  await page.keyboard.type("not the password");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#password-error:not(:empty)");
  assert.equal(await page.textContent("#password-error"), "The username or the password is not right.");
  assert.deepEqual(await inaccessible(page), []);
  if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `wrong-password-dark-${mode}.png`) });
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await greeted();
});

test("asked nothing of anybody else, and broke no policy", () => assert.deepEqual(faults, []));
