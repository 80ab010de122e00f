// Checks the console's words. One that stands in a page outside of texts(…) fails. What a language lacks is said in English and listed here, as is what
// nobody asks for any more. Usage: node scripts/texts.mjs [--missing]
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync } from "vite";

const src = join(dirname(fileURLToPath(import.meta.url)), "../console/src");
const names = new Set(["Gatehouse", "GraphQL"]);
// What a reader sees or hears of an element, by its attributes.
const said = new Set(["label", "title", "placeholder", "description", "lead", "text", "alt", "action", "aria-label", "nothingFound"]);

const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => /\.tsx?$/.test(file) && !/\.test\./.test(file));
const wrong = [];
const english = new Map(); // "page key" to sentence
const others = new Map(); // language to the same

/** The constant a node is: a text, or an object of them; undefined for what is computed. */
const constant = (node) => {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0].value.cooked;
  if (node.type === "BinaryExpression" && node.operator === "+") return constant(node.left) + constant(node.right);
  if (node.type === "TSSatisfiesExpression" || node.type === "TSAsExpression") return constant(node.expression);
  if (node.type !== "ObjectExpression") return undefined;
  return Object.fromEntries(node.properties.map((p) => [p.key.name ?? p.key.value, constant(p.value)]));
};
/** The literals an expression may come to. */
const shown = (node) => {
  if (node?.type === "Literal") return typeof node.value === "string" ? [node.value] : [];
  if (node?.type === "TemplateLiteral") return node.quasis.map(({ value }) => value.cooked);
  if (node?.type === "ConditionalExpression") return [...shown(node.consequent), ...shown(node.alternate)];
  if (node?.type === "LogicalExpression") return [...shown(node.left), ...shown(node.right)];
  return [];
};
const valuesIn = (sentence) => new Set([...JSON.stringify(sentence).matchAll(/(?<!\{)\{(\w+)\}/g)].map(([, name]) => name));
const isSaid = (text) => text.split(/\s+/).some((word) => /^\p{L}\p{Ll}+$/u.test(word.replace(/^[("“]+|[.,:;!?…)"”]+$/gu, "")) && !names.has(word));

const walk = (node, visit) => {
  if (!node || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const one of node) walk(one, visit);
    return;
  }
  if (typeof node.type === "string") visit(node);
  for (const key in node) if (key !== "parent") walk(node[key], visit);
};

for (const file of files) {
  const code = readFileSync(join(src, file), "utf8");
  const { program, errors } = parseSync(file, code);
  if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
  const where = (node) => `console/src/${relative(".", file)}:${code.slice(0, node.start).split("\n").length}`;
  const [, language] = /(?:^|\/)text\.(\w+)\.ts$/.exec(file) ?? [];
  walk(program, (node) => {
    if (language && node.type === "ImportDeclaration" && node.importKind !== "type")
      wrong.push(`${where(node)}: a catalogue may import types only: text.ts waits for it`);
    if (language && node.type === "ExportDefaultDeclaration") {
      const words = others.get(language) ?? new Map();
      others.set(language, words);
      for (const [page, phrases] of Object.entries(constant(node.declaration)))
        for (const [key, sentence] of Object.entries(phrases)) words.set(`${page} ${key}`, { sentence, file });
    }
    if (node.type === "CallExpression" && node.callee.name === "texts" && node.arguments.length === 2) {
      const page = constant(node.arguments[0]);
      for (const [key, sentence] of Object.entries(constant(node.arguments[1]))) english.set(`${page} ${key}`, sentence);
    }
    const literals = [];
    if (node.type === "JSXText") literals.push(node.value);
    if (node.type === "JSXElement" || node.type === "JSXFragment")
      for (const child of node.children) if (child.type === "JSXExpressionContainer") literals.push(...shown(child.expression));
    if (node.type === "JSXOpeningElement" && node.name.name !== "Code")
      for (const { name, value } of node.attributes)
        if (said.has(name?.name)) literals.push(...shown(value?.type === "JSXExpressionContainer" ? value.expression : value));
    for (const text of literals.filter(isSaid)) wrong.push(`${where(node)}: "${text.trim()}" stands outside of texts(…)`);
  });
}

for (const [language, words] of others) {
  for (const [name, { sentence, file }] of words) {
    const original = english.get(name);
    if (original === undefined) {
      console.log(`${language}: no page says "${name}" any more (console/src/${file})`);
      continue;
    }
    const there = valuesIn(original);
    for (const value of valuesIn(sentence))
      if (!there.has(value)) console.log(`${language}: "${name}" has {${value}}, which the English has no more: said in English`);
    if (typeof sentence === "object" && sentence.other === undefined) wrong.push(`console/src/${file}: "${name}" has no form "other"`);
  }
  const missing = [...english.keys()].filter((name) => !words.has(name));
  console.log(
    missing.length === 0 ? `${language}: all ${english.size} phrases` : `${language}: ${english.size - missing.length} of ${english.size} phrases`,
  );
  if (missing.length > 0)
    console.log(process.argv.includes("--missing") ? missing.join("\n") : `  said in English: ${missing.join(", ").slice(0, 400)}`);
}
for (const line of wrong) console.error(line);
process.exitCode = wrong.length > 0 ? 1 : 0;
