import { describe, expect, it } from "vitest";
import { snippets, snippetsFor } from "./snippets.ts";

const values = {
  graphql: "https://gate.example/v1/graphql",
  endpoint: "https://gate.example",
  appId: "app0",
  resource: "https://api.example",
  redirectUri: "https://web.example/after/sign-in",
};

describe("snippets", () => {
  it("are there for each framework, under a name of its own", () => {
    const names = (type: Parameters<typeof snippetsFor>[0]) => snippetsFor(type).map(({ name }) => name);
    expect(names("SPA")).toEqual(["React", "Vue", "Svelte", "Angular", "JavaScript", "OIDC"]);
    expect(names("Traditional")).toEqual(["Next.js", "Nuxt", "SvelteKit", "Express", "Go", "Python", "PHP", "OIDC"]);
    expect(names("Native")).toEqual(["iOS", "Android", "Flutter", "React Native", "OIDC"]);
    expect(names("MachineToMachine")).toEqual(["Node", "Go", "curl", "Python"]);
    const main = snippets.map(({ name }) => name);
    expect(new Set(main).size).toBe(main.length);
  });
  it("have every value filled in, and nothing of their own left in", () => {
    for (const type of ["SPA", "Traditional", "Native", "MachineToMachine"] as const)
      for (const { name, code } of snippetsFor(type)) {
        const text = code(values);
        for (const value of [values.graphql, values.endpoint, values.appId, values.resource]) expect(text, `${type} ${name}`).toContain(value);
        expect(text, `${type} ${name}`).not.toMatch(/undefined|\$\{v\./);
      }
  });
  it("route by the path of the redirect URI", () => {
    for (const name of ["React", "JavaScript", "Svelte"])
      expect(
        snippetsFor("SPA")
          .find((one) => one.name === name)
          ?.code(values),
      ).toContain('"/after/sign-in"');
    expect(
      snippetsFor("Traditional")
        .find((one) => one.name === "Next.js")
        ?.code(values),
    ).toContain("// app/after/sign-in/route.ts");
  });
});
