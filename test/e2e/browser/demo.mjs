// The demo page of a Gatehouse started with --demo. BASE_URL; SHOTS=dir for pictures.
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { base, inaccessible, launch, openPage } from "./browser.mjs";

let browser, page, faults, config;
before(async () => {
  config = await (await fetch(`${base}/demo/config.json`)).json();
  browser = await launch({ viewport: { width: 1280, height: 900 } });
  ({ page, faults } = await openPage(browser.context, [new URL(base).origin, new URL(config.endpoint).origin]));
});
after(() => browser?.close());

const shot = async (name) => process.env.SHOTS && page.screenshot({ path: join(process.env.SHOTS, `demo-${name}.png`), fullPage: true });
const count = () => page.locator("#rows tbody tr:not(.gone)").count();
/** Does something that sends a request; waits for its line in the list of requests. */
const asked = async (act) => {
  const before = await page.locator("#answers li").count();
  await act();
  await page.waitForFunction((n) => document.querySelectorAll("#answers li").length > n || n === 8, before);
};
const change = (verb, role) => asked(() => page.locator(".role", { hasText: role }).getByRole("button", { name: verb }).click());
const countOf = async () => (await page.textContent(".count")).trim();

test("signs up on the sign-in page and shows the token", async () => {
  await page.goto(`${base}/demo`);
  await page.waitForSelector(".start");
  assert.deepEqual(await inaccessible(page), []);
  await shot("signed-out");
  await page.getByRole("button", { name: "Create an account" }).click();
  await page.waitForSelector("#username:focus");
  await page.keyboard.type(`demo_${Date.now().toString(36)}`);
  await page.keyboard.press("Enter");
  await page.waitForSelector("#password:focus");
  await page.keyboard.type("Zk9_fjq!w2");
  await page.keyboard.press("Enter");
  await page.waitForSelector("#claims");
  assert.equal(page.url(), `${base}/demo`);
  assert.match(await page.textContent("#claims"), new RegExp(config.resource.replace(/[.*/]/g, "\\$&")));
  assert.deepEqual(await inaccessible(page), []);
});

test("rows appear and disappear as the role changes, with one token", async () => {
  const jti = () => page.locator("#claims div", { hasText: "jti" }).locator("dd").textContent();
  const token = await jti();
  const seen = [];
  for (const role of config.roles) {
    if (await page.locator(".role", { hasText: role }).getByRole("button", { name: "Ask for it" }).count()) await change("Ask for it", role);
    await page.locator(".role", { hasText: role }).getByText("held", { exact: true }).waitFor();
    if (!(await page.locator(`input[value="${role}"]`).isChecked())) await asked(() => page.check(`input[value="${role}"]`));
    await page.waitForFunction((name) => document.querySelector(".count").textContent.trim().endsWith(`as ${name}`), role);
    seen.push(await count());
  }
  await shot("signed-in");
  assert.equal(new Set(seen).size, config.roles.length, `every role sees another number of rows: ${seen}`);
  const last = config.roles.at(-1);
  await change("Drop", last);
  await page.waitForSelector("#rows .problem");
  assert.match(await countOf(), /^Refused: access-denied/);
  await shot("dropped");
  await change("Ask for it", last);
  await page.waitForFunction(() => !document.querySelector("#rows .problem"));
  assert.equal(await count(), seen.at(-1));
  assert.equal(await jti(), token);
});

test("signs out", async () => {
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForSelector(".start");
  assert.equal(page.url(), `${base}/demo`);
});

test("asked nothing of anybody else, and broke no policy", () => assert.deepEqual(faults, []));
