// The GraphQL-over-HTTP audit of graphql-http. Its warnings are about what the specification recommends; those below are kept
// because Hasura's clients rely on the opposite. Any other is a fault.
import { auditServer } from "graphql-http";
import { apis, fetchAsAdmin } from "./api.mjs";

const alwaysOK = "errors on /v1/graphql come with status 200, as Hasura's";
const accepted = {
  "22EB": "the answer is application/json, as Hasura's",
  "9ABE": "the content type of a request is not looked at, as in Hasura",
  BCF8: alwaysOK,
  B7N8: alwaysOK,
  "865D": alwaysOK,
  "556A": alwaysOK,
  "51FE": alwaysOK,
  "74FF": alwaysOK,
  "86EE": alwaysOK,
};

for (const api of apis) {
  for (const path of ["/v1/graphql", "/v1beta1/relay"]) {
    const results = await auditServer({ url: api.url + path, fetchFn: fetchAsAdmin });
    const of = (status) => results.filter((r) => r.status === status);
    console.log(`${path}: ${["ok", "notice", "warn", "error"].map((s) => `${of(s).length} ${s}`).join(", ")}`);
    for (const r of of("warn")) console.log(`  ${r.id} ${r.name}: ${accepted[r.id] ?? r.reason}`);
    const faults = [...of("error"), ...of("warn").filter((r) => !(r.id in accepted))];
    for (const r of faults) console.error(`${path} ${r.status} ${r.id} ${r.name}: ${r.reason}`);
    if (faults.length > 0) process.exitCode = 1;
    if (of("ok").length < 25) throw new Error("the audit looked at too little");
  }
}
