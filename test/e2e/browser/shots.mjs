// Takes pictures of every sign-in screen, for people to look at: BROWSER_SCRIPT=shots.mjs SHOTS=dir go test ./test/e2e/browser
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { base, launch, openPage } from "./browser.mjs";

const dir = process.env.SHOTS ?? "shots";
mkdirSync(dir, { recursive: true });

const fill = async (page, fields, button) => {
  for (const [name, value] of Object.entries(fields)) await page.fill(`input[name=${name}]:visible`, value);
  if (button) await page.click("button[type=submit]");
};
const screens = {
  "sign-in": async (page) => page.goto(`${base}/sign-in?app_id=plain`),
  wrong: async (page) => {
    await page.goto(`${base}/sign-in?app_id=plain`);
    await fill(page, { identifier: "alice", password: "nope" }, true);
    await page.waitForSelector("#password-error:not(:empty)");
  },
  broken: async (page) => {
    await page.goto(`${base}/sign-in?app_id=broken`);
    await fill(page, { identifier: "alice", password: "nope" }, true);
    await page.waitForSelector(".problem:not(:empty)");
  },
  busy: async (page) => {
    await page.goto(`${base}/sign-in?app_id=slow`);
    await fill(page, { identifier: "alice", password: "Passw0rd_alice" }, true);
    await page.waitForSelector(".spinner");
  },
  register: async (page) => {
    await page.goto(`${base}/register?app_id=terms`);
    await fill(page, { username: "1 nope" }, true);
    await page.waitForSelector("#username-error:not(:empty)");
  },
  password: async (page) => {
    await page.goto(`${base}/register?app_id=strict`);
    await fill(page, { username: "dave_5882" }, true);
    await page.waitForURL("**/register/password*");
    await page.fill("#password", "abcdefghijkl");
    await page.click(".reveal");
  },
  branded: async (page) => page.goto(`${base}/sign-in?app_id=branded`),
  ended: async (page) => page.goto(`${base}/unknown-session`),
};
const only = process.argv.slice(2);
for (const [size, viewport] of Object.entries({ wide: { width: 1280, height: 800 }, narrow: { width: 375, height: 700 } }))
  for (const colorScheme of ["light", "dark"]) {
    const { context, close } = await launch({ viewport, colorScheme });
    for (const [name, open] of Object.entries(screens)) {
      if (only.length && !only.includes(name)) continue;
      const { page, faults } = await openPage(context);
      await open(page);
      await page.waitForTimeout(150);
      await page.screenshot({ path: join(dir, `${name}-${size}-${colorScheme}.png`) });
      if (faults.length) console.log(name, faults);
      await page.close();
    }
    await close();
  }
