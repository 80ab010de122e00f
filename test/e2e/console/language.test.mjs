// Another language: by the browser's preference, by choice, and English where it lacks a phrase.
import assert from "node:assert/strict";
import { test } from "node:test";
import { launch } from "../browser/browser.mjs";
import { base, secret, violations, watch } from "./helpers.mjs";

test("the console speaks the browser's language, and another once it is chosen", async () => {
  const { context, close } = await launch({ locale: "de-DE" });
  try {
    const page = await context.newPage();
    const faults = watch(page);
    await page.goto(`${base}/console/operations/live`);
    await page.getByRole("heading", { name: "An der Konsole anmelden" }).waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
    assert.deepEqual(await violations(page), []);
    await page.getByLabel("Admin-Secret", { exact: true }).fill(secret);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Live", level: 1 }).waitFor();
    await page.getByText("Niemand hat etwas abonniert.").waitFor();
    // What stands in modules is translated as well: navigation and table headings.
    await page.getByRole("link", { name: "Berechtigungen" }).waitFor();
    await page.getByRole("columnheader", { name: "Datenquelle" }).waitFor();
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Mit Admin-Secret" }).click();
    await page.getByText("English", { exact: true }).click();
    await page.getByText("Nobody is subscribed.").waitFor();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    await page.reload();
    await page.getByText("Nobody is subscribed.").waitFor();
    assert.deepEqual(faults, []);
  } finally {
    await close();
  }
});

test("readers of English load no catalogue, and one that does not come leaves English", async () => {
  for (const locale of ["en-US", "de-DE"]) {
    const { context, close } = await launch({ locale });
    try {
      const page = await context.newPage();
      const asked = [];
      await page.route(/assets\/de-.*\.js/, (route) => {
        asked.push(route.request().url());
        return route.abort();
      });
      await page.goto(`${base}/console`);
      await page.getByRole("heading", { name: "Sign in to the console" }).waitFor();
      assert.equal(asked.length > 0, locale === "de-DE");
      assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    } finally {
      await close();
    }
  }
});
