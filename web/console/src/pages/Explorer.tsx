import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import { type ComponentProps, useMemo, useState } from "react";
import { graphql } from "../../../api/console.ts";

type Fetcher = ComponentProps<typeof GraphiQL>["fetcher"];

/**
 * The GraphQL editor. The admin secret stands in its headers box, where it can be replaced by a token or taken out; what stands there is what is sent,
 * and beside it the picked role. Only the editor's own reading of the schema falls back to the secret when the box is empty, as it is at first.
 */
const Explorer = ({ secret, roles }: { secret: string; roles: string[] }) => {
  const [role, setRole] = useState("");
  const fetcher = useMemo<Fetcher>(
    () => (params, options) => {
      const typed = options?.headers ?? {};
      const isOwn = params.operationName === "IntrospectionQuery" && Object.keys(typed).length === 0;
      return graphql(params, { ...(isOwn ? { "x-hasura-admin-secret": secret } : typed), ...(role && { "x-hasura-role": role }) });
    },
    [role, secret],
  );
  return (
    <div className="explorer">
      <h1 className="unseen">GraphQL</h1>
      <div className="as">
        <label htmlFor="role">Ask as</label>
        <select id="role" value={role} onChange={(event) => setRole(event.target.value)}>
          <option value="">admin</option>
          {roles.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      {/* A role has its own schema: another role is another editor. */}
      <GraphiQL
        key={role}
        fetcher={fetcher}
        initialHeaders={JSON.stringify({ "x-hasura-admin-secret": secret }, null, 2)}
        defaultQuery={"# Ctrl-Space completes, Ctrl-Enter runs. The book on the left is the schema.\n{\n  __typename\n}\n"}
        shouldPersistHeaders={false}
        defaultEditorToolsVisibility="headers"
        isHeadersEditorEnabled
      />
    </div>
  );
};

export default Explorer;
