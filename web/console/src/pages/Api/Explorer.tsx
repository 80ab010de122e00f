import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { getOperationAST, parse } from "graphql";
import { type ComponentProps, useMemo } from "react";
import { graphql, subscribe } from "../../../../api/graphql.ts";

import { t } from "./text.ts";

type Fetcher = ComponentProps<typeof GraphiQL>["fetcher"];

const isSubscription = (query: string, name?: string | null): boolean => {
  try {
    return getOperationAST(parse(query), name)?.operation === "subscription";
  } catch {
    return false; // the server says what is wrong with it
  }
};

/** The subscription's answers until its reader has enough, which ends it at the server too. */
async function* follow(...[operation, headers]: [Parameters<typeof subscribe>[0], Record<string, string>]) {
  const end = new AbortController();
  try {
    yield* subscribe(operation, headers, end.signal);
  } finally {
    end.abort();
  }
}

/** The GraphQL editor. What stands in its headers box is sent beside the caller's own headers, and wins. */
const Explorer = ({ headers, onEdit }: { headers: Record<string, string>; onEdit: (what: { query?: string; variables?: string }) => void }) => {
  const scheme = useComputedColorScheme("light");
  const fetcher = useMemo<Fetcher>(
    () =>
      ((
        params: { query: string; variables?: Record<string, unknown>; operationName?: string | null },
        options?: { headers?: Record<string, unknown> },
      ) => {
        const typed = Object.entries(options?.headers ?? {}).map(([name, value]): [string, string] => [name, String(value)]);
        const sent = { ...headers, ...Object.fromEntries(typed) };
        return isSubscription(params.query, params.operationName) ? follow(params, sent) : graphql(params, sent);
      }) as Fetcher,
    [headers],
  );
  return (
    <div className="explorer">
      <GraphiQL
        fetcher={fetcher}
        defaultQuery={t("defaultQuery")}
        shouldPersistHeaders={false}
        isHeadersEditorEnabled
        forcedTheme={scheme}
        onEditQuery={(query) => onEdit({ query })}
        onEditVariables={(variables) => onEdit({ variables })}
      />
    </div>
  );
};

export default Explorer;
