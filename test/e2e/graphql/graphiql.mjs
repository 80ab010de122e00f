// GraphiQL, from its published bundle, on a page of its own: it loads the schema and runs a query.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { chromium } from "playwright-core";
import { apis } from "./api.mjs";

const modules = {
  "/react.js": "node_modules/react/umd/react.production.min.js",
  "/react-dom.js": "node_modules/react-dom/umd/react-dom.production.min.js",
  "/graphiql.js": "node_modules/graphiql/graphiql.min.js",
  "/graphiql.css": "node_modules/graphiql/graphiql.min.css",
};
const page = (api) => `<!doctype html><html lang="en"><title>GraphiQL</title><link rel="stylesheet" href="/graphiql.css"><div id="root" style="height: 100vh"></div>
<script src="/react.js"></script><script src="/react-dom.js"></script><script src="/graphiql.js"></script><script>
const fetcher = GraphiQL.createFetcher({ url: ${JSON.stringify(api.url + "/v1/graphql")}, headers: { "x-hasura-admin-secret": ${JSON.stringify(process.env.ADMIN_SECRET)} } });
ReactDOM.createRoot(document.getElementById("root")).render(React.createElement(GraphiQL, { fetcher, defaultQuery: "{ author { full_name initials } }" }));
</script></html>`;

const server = createServer((request, response) => {
  const file = modules[request.url];
  response.setHeader("content-type", file?.endsWith(".css") ? "text/css" : file ? "text/javascript" : "text/html; charset=utf-8");
  response.end(file ? readFileSync(file) : page(apis[0]));
}).listen(0, "127.0.0.1");
await new Promise((ready) => server.once("listening", ready));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
try {
  const tab = await browser.newPage();
  const faults = [];
  tab.on("pageerror", (error) => faults.push(error.message));
  await tab.goto(`http://127.0.0.1:${server.address().port}/`);
  await tab.getByRole("button", { name: "Show Documentation Explorer" }).click();
  await tab.getByText("query_root", { exact: true }).first().waitFor();
  await tab.getByRole("button", { name: /Execute query/ }).click();
  await tab.locator(".result-window", { hasText: "Ann Ash" }).waitFor();
  assert.deepEqual(faults, []);
  console.log("GraphiQL shows the schema and the answer");
} finally {
  await browser.close();
  server.close();
}
