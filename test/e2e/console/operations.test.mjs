// Operations: what cannot be served, export and import with what it would change, settings, what runs; and Home's charts.
import assert from "node:assert/strict";
import { before } from "node:test";
import { asAdmin, base, browser, inPage, metadata, secret, sql, violations } from "./helpers.mjs";

browser();
before(async () => {
  await sql("create table pot (id int primary key, owner text); create table pan (id int primary key)");
  for (const name of ["pot", "pan"]) await metadata("pg_track_table", { table: name });
  await metadata("pg_create_select_permission", { table: "pot", role: "potter", permission: { columns: ["id"], filter: { owner: { _eq: "X-Hasura-User-Id" } } } });
});
const exported = async () => (await asAdmin("/v1/metadata", { type: "export_metadata", version: 2, args: {} })).metadata;

inPage("metadata is exported, and another put in its place once its effect was seen", "/console/operations", async (page) => {
  await page.waitForURL("**/console/operations/metadata");
  await page.getByText("Everything in the metadata can be served.").waitFor();
  assert.deepEqual(await violations(page), []);
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download metadata.json" }).click();
  const stream = await (await download).createReadStream();
  let text = "";
  for await (const part of stream) text += part;
  const document = JSON.parse(text);
  assert.deepEqual(document, await exported());
  const pot = document.sources[0].tables.find(({ table }) => table.name === "pot");
  pot.select_permissions[0].permission.filter = {};
  await page.setInputFiles("input[type=file]", { name: "wider.json", mimeType: "application/json", buffer: Buffer.from(JSON.stringify(document)) });
  const plan = page.getByRole("region", { name: "What it would change" });
  await plan.getByText(/may more: potter select pot: row filter removed/).waitFor();
  assert.deepEqual(await violations(page), []);
  assert.notDeepEqual((await exported()).sources[0].tables.find(({ table }) => table.name === "pot").select_permissions[0].permission.filter, {});
  await page.getByRole("button", { name: "Replace the metadata" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Replace the metadata" }).click();
  await page.getByText("The metadata is replaced.").waitFor();
  assert.deepEqual((await exported()).sources[0].tables.find(({ table }) => table.name === "pot").select_permissions[0].permission.filter, {});
  await page.setInputFiles("input[type=file]", { name: "torn.json", mimeType: "application/json", buffer: Buffer.from("{") });
  await page.getByText(/torn.json is not JSON/).waitFor();
});

inPage("what cannot be served is listed with why, and dropped after being asked", "/console/operations/metadata", async (page) => {
  const document = await exported();
  document.sources[0].tables.push({ table: { schema: "public", name: "gone" } });
  await metadata("replace_metadata", { allow_inconsistent_metadata: true, metadata: document });
  await page.reload();
  await page.getByRole("heading", { name: "1 object cannot be served" }).waitFor();
  await page.getByText(/no such table\/view exists in source: "gone"/).waitFor();
  await page.getByRole("button", { name: "Drop them from the metadata" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Drop them from the metadata" }).click();
  await page.getByText("Everything in the metadata can be served.").waitFor();
});

inPage("settings tell where they are from, and no secret", "/console/operations/settings", async (page) => {
  const row = page.getByRole("row").filter({ has: page.getByText("HASURA_GRAPHQL_ADMIN_SECRET", { exact: true }) });
  await row.getByText("set, not shown").waitFor();
  await row.getByText("environment", { exact: true }).waitFor();
  assert.deepEqual(await violations(page), []);
  await page.getByLabel("Find a setting").fill("server_port");
  await page.waitForURL("**/settings?q=server_port");
  await page.getByText("flag", { exact: true }).waitFor();
  assert.equal((await page.content()).includes(secret), false);
  const all = await page.evaluate(async () => (await fetch("/console/api/settings")).text());
  assert.equal(all.includes(secret) || /:\/\/[^"]*:[^"]*@/.test(all), false);
});

inPage("subscriptions and connections are shown while they live", "/console/operations/live", async (page) => {
  await page.getByText("Nobody is subscribed.").waitFor();
  await page.getByRole("cell", { name: "primary" }).waitFor();
  await page.getByRole("table", { name: "Processes" }).getByRole("row", { name: /this one/ }).waitFor();
  await page.getByText("Healthy", { exact: true }).waitFor();
  const end = new AbortController();
  const stream = fetch(`${base}/v1/graphql`, {
    method: "POST",
    signal: end.signal,
    headers: { "content-type": "application/json", accept: "text/event-stream", "x-hasura-admin-secret": secret },
    body: '{"query":"subscription Pots { pot { id } }"}',
  }).then((response) => response.text());
  await page.getByText("Pots").waitFor();
  assert.deepEqual(await violations(page), []);
  end.abort();
  await stream.catch(() => {});
  await page.getByText("Nobody is subscribed.").waitFor();
});

inPage("Home draws what happened", "/console", async (page) => {
  await fetch(`${base}/v1/graphql`, { method: "POST", headers: { "x-hasura-admin-secret": "wrong" }, body: "{}" });
  await page.reload();
  await page.getByRole("img", { name: /^Requests: Requests [1-9]\d*, Errors [1-9]\d*$/ }).waitFor();
  await page.getByRole("img", { name: "Sign-ins: Sign-ins 0, Failed attempts 0" }).waitFor();
  await page.getByText("Last day").click();
  await page.getByRole("img", { name: /^Requests: Requests [1-9]/ }).waitFor();
  assert.deepEqual(await violations(page), []);
});
