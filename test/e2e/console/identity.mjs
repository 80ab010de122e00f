// What the tests of identity's pages share.
import assert from "node:assert/strict";
import { violations } from "./helpers.mjs";

export const heading = (page, name) => page.getByRole("heading", { name, level: 1, exact: true }).waitFor();
export const button = (page, name) => page.getByRole("button", { name, exact: true });
export const dialog = (page) => page.getByRole("dialog");
export const said = (page, text) => page.getByText(text, { exact: true }).first().waitFor();
/** Picks an option of a Select. */
export const choose = async (page, name, option) => {
  await page.getByRole("combobox", { name, exact: true }).click();
  await page.getByRole("option", { name: option, exact: true }).click();
};
/** Waits until a check of what the server has holds. */
export const until = async (check, what) => {
  const end = Date.now() + 10_000;
  while (!(await check())) assert.ok(Date.now() < end, `${what} in 10 s`);
};
/** The page at its own address, as somebody would see it whom it was sent to, and axe has nothing to say. */
export const reloaded = async (page, check) => {
  assert.deepEqual(await violations(page), []);
  await page.reload();
  await check();
  assert.deepEqual(await violations(page), []);
};
/** On a phone nothing is wider than the screen. */
export const onPhone = async (page, check) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await check();
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0, `${page.url()} is too wide`);
  assert.deepEqual(await violations(page), []);
};
