// Introspection, for every role and way of naming, must give a schema that graphql-js finds valid; the federation's SDL must
// build; graphql-codegen must make TypeScript of schema and operations that compiles.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codegen } from "@graphql-codegen/core";
import * as operations from "@graphql-codegen/typescript-operations";
import * as types from "@graphql-codegen/typescript";
import { buildClientSchema, buildSchema, getIntrospectionQuery, parse, printSchema, validate, validateSchema } from "graphql";
import { apis, ask } from "./api.mjs";

const introspection = getIntrospectionQuery({ descriptions: true, specifiedByUrl: true, directiveIsRepeatable: true, schemaDescription: true, inputValueDeprecation: true });

const schemaOf = async (api, role, path = "/v1/graphql") => {
  const schema = buildClientSchema(await ask(api.url + path, introspection, role ? { "x-hasura-role": role } : {}));
  const faults = validateSchema(schema);
  assert.deepEqual(faults.map((f) => f.message), [], `${api.name}, ${role || "admin"}, ${path}`);
  return schema;
};

/** A query for everything that can be asked for without arguments, three levels deep. */
const everything = (schema) => {
  const leaves = (type, depth) =>
    Object.values(type.getFields()).flatMap((f) => {
      const named = String(f.type).replace(/[[\]!]/g, "");
      const inner = schema.getType(named);
      if (f.args.some((a) => String(a.type).endsWith("!"))) return [];
      if (!inner.getFields) return [f.name];
      const below = depth > 0 ? leaves(inner, depth - 1) : ["__typename"];
      return [`${f.name} { ${below.join(" ")} }`];
    });
  return `query All { ${leaves(schema.getQueryType(), 3).join("\n")} }`;
};

const directory = mkdtempSync(join(tmpdir(), "gatehouse-codegen-"));
process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
const files = [];

const generate = async (schema, name) => {
  const document = parse(everything(schema));
  assert.deepEqual(validate(schema, document).map((e) => e.message), [], name);
  const documents = [{ location: name, document }];
  for (const [plugin, implementation] of Object.entries({ types, operations })) {
    const file = join(directory, `${name.replace(/[^a-z]+/gi, "_")}.${plugin}.ts`);
    const text = await codegen({
      filename: file, schema: parse(printSchema(schema)), documents, config: {}, plugins: [{ [plugin]: {} }], pluginMap: { [plugin]: implementation },
    });
    assert.match(text, /export type/);
    writeFileSync(file, text);
    files.push(file);
  }
};

let count = 0;
for (const api of apis) {
  for (const role of api.roles) {
    for (const path of ["/v1/graphql", "/v1beta1/relay"]) {
      const schema = await schemaOf(api, role, path);
      await generate(schema, `${api.name} ${role || "admin"} ${path}`);
      await ask(api.url + path, everything(schema), role ? { "x-hasura-role": role } : {});
      count++;
    }
  }
  if (!api.federated) continue;
  for (const role of ["", "user"]) {
    const { _service } = await ask(api.url + "/v1/graphql", "{ _service { sdl } }", role ? { "x-hasura-role": role } : {});
    const schema = buildSchema(`directive @key(fields: String!) repeatable on OBJECT | INTERFACE\n${_service.sdl}`);
    assert.deepEqual(validateSchema(schema).map((f) => f.message), [], `SDL for ${role || "admin"}`);
    assert.match(_service.sdl, /@key\(fields: "id"\)/);
  }
}
execFileSync("node_modules/.bin/tsc", ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", ...files], { stdio: "inherit" });
console.log(`${count} schemas are valid, ${files.length} make TypeScript that compiles`);
