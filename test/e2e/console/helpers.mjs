// What the console's browser tests share: a signed-in browser, pages that may not complain, and axe.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { base, launch } from "../browser/browser.mjs";

export { base } from "../browser/browser.mjs";
export const secret = process.env.ADMIN_SECRET;

const require = createRequire(new URL("../browser/browser.mjs", import.meta.url));
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

/**
 * What axe complains of on the page as it is: WCAG 2.2 A and AA, and its best practices.
 */
export const violations = async (page) => {
  await page.evaluate(async () => {
    await Promise.all(document.getAnimations().filter((a) => a.effect.getComputedTiming().endTime !== Infinity).map((a) => a.finished.catch(() => {})));
  });
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    const { violations } = await window.axe.run({ runOnly: tags });
    return violations.map((v) => `${v.id}: ${v.nodes.map((n) => `${n.html.slice(0, 160)} (${n.any[0]?.message ?? n.all[0]?.message ?? ""})`).join("\n")}`);
  });
};

/** Notes what a page must not do: request from elsewhere, log an error, throw, or meet the content security policy. `expected` are errors a test provokes, `origins` what belongs to us besides. */
export const watch = (page, expected = [], origins = []) => {
  const faults = [];
  const note = (text) => expected.some((pattern) => pattern.test(text)) || faults.push(text);
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol.startsWith("http") && ![new URL(base).origin, ...origins].includes(url.origin)) note(`request to ${request.url()}`);
  });
  page.on("pageerror", (error) => note(`script error: ${error.message}`));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(`${message.type()}: ${message.text()} (${message.location().url})`);
  });
  return faults;
};

/** Signs in to the console with the admin secret, in its own page. */
export const signIn = async (page, path = "/console") => {
  await page.goto(base + path);
  await page.getByLabel("Admin secret", { exact: true }).fill(secret);
  await page.getByRole("button", { name: "Open with the admin secret" }).click();
  await page.getByRole("main").waitFor();
  await page.getByLabel("Admin secret", { exact: true }).waitFor({ state: "detached" });
};

let context;
let close;

/** Starts a browser for the file's tests, signed in. */
export const browser = (options = {}) => {
  before(async () => {
    ({ context, close } = await launch({ bypassCSP: false, ...options }));
    const page = await context.newPage();
    await signIn(page);
    await page.close();
  });
  after(() => close?.());
};

/** A test in a page of the signed-in browser. At its end nothing may have been complained of. */
export const inPage = (name, path, run, { expected = [] } = {}) =>
  test(name, async () => {
    const page = await context.newPage();
    const faults = watch(page, expected);
    try {
      await page.goto(base + path);
      await run(page);
      assert.deepEqual(faults, []);
    } finally {
      await page.close();
    }
  });

/** Sends a request as the admin, past the pages: for what a test needs to be there. */
export const asAdmin = async (path, body, method = body === undefined ? "GET" : "POST") => {
  const response = await fetch(base + path, {
    method,
    headers: { "content-type": "application/json", "x-hasura-admin-secret": secret },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
};

export const sql = (text) => asAdmin("/v2/query", { type: "run_sql", args: { sql: text } });
export const metadata = (type, args) => asAdmin("/v1/metadata", { type, args });
