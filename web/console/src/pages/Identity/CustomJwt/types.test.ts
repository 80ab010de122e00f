import { describe, expect, it } from "vitest";
import { argumentsOf, choicesAt, typeAt } from "./types.ts";

const known = argumentsOf("access-token", ["USER_DEFAULT_ROLE_NAMES"]);
const names = (before: string) => Object.keys(choicesAt(before, known)?.choices ?? {});

describe("choicesAt", () => {
  it("offers the fields of what stands before the dot, optional or not", () => {
    expect(names("context.")).toEqual(["user", "application", "interaction"]);
    expect(names("context?.user.ro")).toContain("roles");
    expect(names("environmentVariables?.")).toEqual(["USER_DEFAULT_ROLE_NAMES"]);
    expect(names("context.user.roles[0].scopes[0].resource.")).toContain("indicator");
  });
  it("knows the parameters of functions over lists, also destructured, and names that are given", () => {
    expect(names("context.user.roles.map((role) => role.")).toEqual(["id", "name", "description", "scopes"]);
    expect(names("context.user.roles.map(({ name }) => na")).toContain("name");
    expect(names("context.user.roles.flatMap((role) => role.scopes.map((scope) => scope.")).toContain("resource");
    expect(names("const { user } = context;\nuser.")).toContain("primaryEmail");
    expect(names("const mine = context.user;\nmine.")).toContain("customData");
  });
  it("offers the arguments by name, and nothing after what it does not know", () => {
    expect(names("return con")).toContain("context");
    expect(choicesAt("somebody.", known)).toBeUndefined();
    expect(choicesAt("context.user.id.", known)).toBeUndefined();
    expect(choicesAt("return { ", known)).toBeUndefined();
  });
});

describe("typeAt", () => {
  it("tells what a chain is", () => {
    expect(typeAt("if (context.user.roles", known)?.type).toBe("Role[]");
    expect(typeAt("api.denyAccess", known)?.type).toContain("never");
    expect(typeAt("context.nothing", known)).toBeUndefined();
  });
  it("knows machines' tokens have no user", () => {
    expect(typeAt("context.user", argumentsOf("client-credentials", []))).toBeUndefined();
    expect(typeAt("context.application.name", argumentsOf("client-credentials", []))?.type).toBe("string");
  });
});
