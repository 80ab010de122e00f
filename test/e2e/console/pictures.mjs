// Takes the pictures of README and docs, of a Gatehouse that looks like one in use: SCRIPT=pictures.mjs PICTURES=../../../docs/pictures go test . -run TestBrowser
// Each is told what must be seen before it is taken. NAMES=home,rows takes some; WIDTH=390 takes them as a phone shows them.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { launch } from "../browser/browser.mjs";
import { fill, follow } from "./library.mjs";
import { base, signIn } from "./helpers.mjs";

const dir = process.env.PICTURES ?? "pictures";
const only = process.env.NAMES?.split(",");
const width = Number(process.env.WIDTH ?? 1280);
mkdirSync(dir, { recursive: true });

const { user, application } = await fill();
const unsubscribe = await follow(user);
const seen = (page, text) => page.getByText(text, { exact: false }).first().waitFor();

/** Path, and what to wait for or do before the picture is taken. */
const pictures = {
  home: ["/", (page) => page.locator(".uplot").first().waitFor()],
  graphql: [
    "/graphql",
    async (page) => {
      await page.locator(".graphiql-query-editor .view-lines").click();
      await page.keyboard.press("Control+a");
      await page.keyboard.insertText("query Shelf { book(order_by: {rating: desc_nulls_last}, limit: 4) { title rating author { name } loans_aggregate { aggregate { count } } } }");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: /prettify/i }).click();
      await page.locator(".graphiql-query-editor .view-lines").click();
      await page.keyboard.press("Control+Home");
      await page.keyboard.press("Control+Enter");
      await seen(page, '"aggregate"');
    },
  ],
  rows: ["/data/default/public/book", (page) => seen(page, "Middlemarch")],
  schema: ["/data/picture", (page) => seen(page, "loan")],
  permissions: [
    "/permissions/default/public/loan?role=reader&operation=select",
    async (page) => {
      await page.getByRole("region", { name: "Columns" }).getByLabel("returned date").check();
      await seen(page, "May more");
      const someone = page.getByRole("combobox", { name: "For a user" });
      await someone.fill("Grace");
      await page.getByRole("option", { name: "Grace Hopper" }).click();
      await page.getByRole("region", { name: "What this changes" }).getByRole("row").nth(2).waitFor();
    },
  ],
  user: [`/identity/users/${user}?tab=roles`, (page) => seen(page, "librarian")],
  application: [`/identity/applications/${application}`, (page) => seen(page, "appId")],
  claims: ["/identity/custom-jwt/access-token", (page) => page.locator(".cm-content").first().waitFor()],
  "sign-in": ["/identity/sign-in-experience", (page) => page.frameLocator("iframe").getByRole("heading", { name: "Sign in" }).waitFor()],
  live: [
    "/operations/live",
    async (page) => {
      await seen(page, "overdue");
      await page.getByText(/gh-pg-/).evaluate((host) => host.replaceChildren("db.example.com")); // where the tests' Postgres is, is nobody's matter
    },
  ],
};

for (const colorScheme of ["light", "dark"]) {
  const { context, close } = await launch({ viewport: { width, height: 800 }, colorScheme, deviceScaleFactor: 1.5, locale: "en-GB" });
  const blank = await context.newPage();
  const page = await context.newPage();
  await signIn(page);
  for (const [name, [path, ready]] of Object.entries(pictures)) {
    if (only && !only.includes(name)) continue;
    await page.goto(`${base}/console${path}`);
    await ready(page).catch((error) => console.log(`${name}: ${error.message.split("\n")[0]}`));
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => Promise.all(document.getAnimations().map((one) => one.finished.catch(() => {}))));
    const png = await page.screenshot({ caret: "initial" });
    // As WebP, a quarter of the size: the browser writes it.
    const webp = await blank.evaluate(async (data) => {
      const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
      const canvas = new OffscreenCanvas(image.width, image.height);
      canvas.getContext("2d").drawImage(image, 0, 0);
      return [...new Uint8Array(await (await canvas.convertToBlob({ type: "image/webp", quality: 0.86 })).arrayBuffer())];
    }, png.toString("base64"));
    writeFileSync(join(dir, `${name}-${colorScheme}.webp`), Buffer.from(webp));
    if (process.env.PNG) writeFileSync(join(dir, `${name}-${colorScheme}.png`), png);
  }
  await close();
}
unsubscribe();
