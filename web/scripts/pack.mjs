// Packs what Vite built in .build/<app> into dist/<app>, which the Go binary embeds: compressible files as .br and .gz only, others as they are.
// Usage: node scripts/pack.mjs [app…]
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const apps = process.argv.length > 2 ? process.argv.slice(2) : ["signin", "console", "demo"];
const compressible = new Set([".html", ".js", ".mjs", ".css", ".svg", ".json", ".txt", ".ttf"]);

// What may weigh how much, gzipped: the sign-in app as a whole, which every user of every application waits for, and of the console its shell, which is
// what index.html names; its pages are loaded when they are opened.
const budgets = { signin: 60_000, console: 250_000 };
const hasPages = new Set(["console"]);

const br = promisify(brotliCompress);
const gz = promisify(gzip);
const filesIn = (dir) =>
  readdirSync(dir, { recursive: true })
    .map((name) => join(dir, name))
    .filter((file) => statSync(file).isFile());

for (const app of apps) {
  const from = join(web, ".build", app);
  const to = join(web, "dist", app);
  rmSync(to, { recursive: true, force: true });
  const page = readFileSync(join(from, "index.html"), "utf8");
  let weight = 0;
  let shell = 0;
  let files = 0;
  await Promise.all(
    filesIn(from).map(async (file) => {
      const target = join(to, relative(from, file));
      const content = readFileSync(file);
      mkdirSync(dirname(target), { recursive: true });
      files++;
      if (!compressible.has(extname(file))) {
        writeFileSync(target, content);
        return;
      }
      // Quality 11 takes many times as long on megabytes (the console's editor) for a few percent.
      const quality = content.length > 500_000 ? 9 : 11;
      const [b, g] = await Promise.all([br(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } }), gz(content, { level: 9 })]);
      writeFileSync(`${target}.br`, b);
      writeFileSync(`${target}.gz`, g);
      if ([".js", ".css"].includes(extname(file))) weight += g.length;
      if (page.includes(`/${relative(from, file)}"`)) shell += g.length;
    }),
  );
  const budget = budgets[app];
  const judged = hasPages.has(app) ? shell : weight;
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  console.log(
    `packed ${app}: ${files} files, ${kB(weight)} of script and style gzipped${hasPages.has(app) ? `, its shell ${kB(shell)}` : ""}${budget ? ` (budget ${kB(budget)})` : ""}`,
  );
  if (budget && judged > budget) {
    console.error(`${app} is over its budget by ${judged - budget} bytes`);
    process.exitCode = 1;
  }
}
