// Identity, its people: many users at once, one user's page, and the audit log of what happened to them.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before } from "node:test";
import { asAdmin, base, browser, inPage, violations } from "./helpers.mjs";
import { button, choose, dialog, heading, onPhone, reloaded, said } from "./identity.mjs";

browser();

const long = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh";
let people;
let role;
before(async () => {
  people = [];
  for (let i = 0; i < 24; i++)
    people.push(
      await asAdmin("/api/users", {
        username: `person_${i}`,
        name: `${long} ${i}`,
        primaryEmail: `a.very.long.address.${i}@subsidiary.department.example-corporation.co.uk`,
      }),
    );
  role = await asAdmin("/api/roles", { name: "auditor", description: "Reads" });
  await asAdmin(`/api/users/${people[23].id}/roles`, { roleIds: [role.id] });
});

const rolesOf = async (user) => (await asAdmin(`/api/users/${user.id}/roles`)).map(({ name }) => name);

inPage("several users are given a role at once, and undoing takes it from those alone who had it not", "/console/identity/users", async (page) => {
  for (const i of [22, 23]) await page.getByRole("checkbox", { name: `Pick ${long} ${i}`, exact: true }).check();
  await said(page, "2 users picked");
  assert.deepEqual(await violations(page), []);
  await button(page, "Assign roles").click();
  await dialog(page).getByLabel("auditor").check();
  await dialog(page).getByRole("button", { name: "Assign roles" }).click();
  await page.getByText("1 user has roles more than before.").waitFor();
  assert.ok((await rolesOf(people[22])).includes("auditor"));
  await button(page, "Undo").click();
  await said(page, "Taken back");
  assert.ok(!(await rolesOf(people[22])).includes("auditor"));
  assert.ok((await rolesOf(people[23])).includes("auditor"));
});

inPage("a role that is given is taken back by undoing; whom nobody knows is said so", "/console", async (page) => {
  await page.goto(`${base}/console/identity/users/${people[21].id}?tab=roles`);
  await button(page, "Assign roles").click();
  await dialog(page).getByLabel("auditor").check();
  await dialog(page).getByRole("button", { name: "Assign roles" }).click();
  await page.getByRole("link", { name: "auditor", exact: true }).waitFor();
  assert.deepEqual(await violations(page), []);
  await button(page, "Undo").click();
  await page.getByRole("link", { name: "auditor", exact: true }).waitFor({ state: "detached" });
  assert.ok(!(await rolesOf(people[21])).includes("auditor"));
  await page.goto(`${base}/console/identity/users/nobody`);
  await page.getByText("Nothing has the ID nobody").waitFor();
  assert.deepEqual(await violations(page), []);
}, { expected: [/404/] });

inPage("several are suspended, found by it, and deleted after it is asked", "/console/identity/users?q=person_1", async (page) => {
  for (const i of [18, 19]) await page.getByRole("checkbox", { name: `Pick ${long} ${i}`, exact: true }).check();
  await button(page, "Suspend").click();
  await dialog(page).getByRole("button", { name: "Suspend" }).click();
  await page.getByText("2 users are suspended.").waitFor();
  await page.getByText("Suspended", { exact: true }).first().click();
  await page.waitForURL(/suspended=yes/);
  await reloaded(page, () => page.getByRole("link", { name: `${long} 19`, exact: true }).waitFor());
  assert.equal(await page.getByRole("row").count(), 3); // the heading and two
  await page.getByLabel("Pick all on this page").check();
  await button(page, "Delete users").click();
  assert.equal(await dialog(page).getByRole("button", { name: "Delete users" }).isDisabled(), true);
  await dialog(page).getByLabel("Type delete 2 to confirm").fill("delete 2");
  assert.deepEqual(await violations(page), []);
  await dialog(page).getByRole("button", { name: "Delete users" }).click();
  await said(page, "2 users are deleted.");
  assert.deepEqual(await asAdmin("/api/users?isSuspended=true"), []);
});

inPage("what a bulk action is refused for one user is told by name", "/console/identity/users?q=person_2", async (page) => {
  const gone = await asAdmin("/api/users", { username: "person_2_gone" });
  await page.reload();
  await page.getByRole("checkbox", { name: "Pick person_2_gone", exact: true }).check();
  await page.getByRole("checkbox", { name: `Pick ${long} 20`, exact: true }).check();
  await asAdmin(`/api/users/${gone.id}`, undefined, "DELETE");
  await button(page, "Suspend").click();
  await dialog(page).getByRole("button", { name: "Suspend" }).click();
  await page.getByText("1 of 2 done, 1 refused").waitFor();
  await dialog(page).getByText("person_2_gone").waitFor();
  assert.deepEqual(await violations(page), []);
}, { expected: [/404/] });

inPage("a profile is filled in to the address, the user is looked at as, and on a phone all of it fits", "/console/identity/users?q=person_7", async (page) => {
  await page.getByRole("link", { name: `${long} 7`, exact: true }).click();
  await heading(page, `${long} 7`);
  await page.getByLabel("Birthdate").fill("1815-12-10");
  await page.getByLabel("Town").fill("London");
  await button(page, "Save changes").click();
  await said(page, "The user is saved.");
  const { profile } = await asAdmin(`/api/users/${people[7].id}`);
  assert.deepEqual(profile, { birthdate: "1815-12-10", address: { locality: "London" } });
  const href = await page.getByRole("link", { name: "View as" }).getAttribute("href");
  assert.equal(href, `/console/graphql?as=${people[7].id}`);
  await page.getByRole("tab", { name: "Log" }).click();
  const entry = page.getByRole("link", { name: "Management.User.Data.Updated" });
  await entry.waitFor();
  await reloaded(page, () => entry.waitFor());
  for (const tab of ["Settings", "Roles", "Sessions", "Log", "Custom data"])
    await onPhone(page, () => page.getByRole("tab", { name: tab, exact: true }).click());
  await page.goto(`${base}/console/identity/users`);
  await onPhone(page, () => page.getByRole("link", { name: `${long} 23`, exact: true }).waitFor());
});

inPage("the audit log is narrowed, searched, exported, and an entry shows what changed", "/console/identity/logs", async (page) => {
  await choose(page, "Event", "Changes to users");
  await choose(page, "Result", "Success");
  await choose(page, "Time", "Last hour");
  await page.getByRole("combobox", { name: "User" }).fill("person_7");
  await page.getByRole("option", { name: `${long} 7`, exact: true }).click();
  await page.getByLabel("Find anything in the entries").fill("londON");
  await page.waitForURL(/q=londON/);
  const entry = page.getByRole("link", { name: "Management.User.Data.Updated" });
  await page.waitForFunction(() => document.querySelectorAll("tbody tr").length === 1);
  await reloaded(page, () => entry.waitFor());
  assert.equal(await page.getByRole("combobox", { name: "User" }).inputValue(), `${long} 7`);

  await button(page, "Export").click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "As CSV" }).click()]);
  assert.equal(file.suggestedFilename(), "audit-log.csv");
  const lines = (await readFile(await file.path(), "utf8")).split("\r\n");
  assert.equal(lines.length, 2);
  assert.match(lines[1], /Management\.User\.Data\.Updated,Success,/);
  await said(page, "1 entry is exported.");

  await onPhone(page, () => entry.waitFor());
  await entry.click();
  await heading(page, "Management.User.Data.Updated");
  await page.getByText("What was different before and after").waitFor();
  await reloaded(page, () => page.getByText("What was different before and after").waitFor());
  await page.getByRole("link", { name: "All of this event" }).click();
  await page.waitForURL(/event=Management\.User\.Data\.Updated/);
  await page.getByLabel("Find anything in the entries").fill("no such thing");
  await page.locator("#page").getByText("Nothing matches.").waitFor();
});
