import { useGraphiQL } from "@graphiql/react";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import { useComputedColorScheme } from "@mantine/core";
import { IconBookmark } from "@tabler/icons-react";
import { getOperationAST, parse } from "graphql";
import { type ComponentProps, useEffect, useMemo, useRef } from "react";
import { graphql, subscribe } from "../../../../api/graphql.ts";
import { useListedTabs, useReadableCode } from "./dress.ts";
import { SavedOperations } from "./SavedOperations.tsx";
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

const plugins = [HISTORY_PLUGIN, { title: t("saved"), icon: () => <IconBookmark size={20} aria-hidden="true" />, content: SavedOperations }];

type OnEdit = (what: { query?: string; variables?: string }) => void;

/** Tells what the editors hold as they are opened: GraphiQL brings back what was last in them, and tells of edits only. */
const Restored = ({ onEdit }: { onEdit: OnEdit }) => {
  const query = useGraphiQL((state) => state.queryEditor);
  const variables = useGraphiQL((state) => state.variableEditor);
  useEffect(() => {
    if (query) onEdit({ query: query.getValue(), variables: variables?.getValue() ?? "" });
  }, [query, variables, onEdit]);
  return null;
};

/** The GraphQL editor. What stands in its headers box is sent beside the caller's own headers, and wins. */
const Explorer = ({ headers, onEdit }: { headers: Record<string, string>; onEdit: OnEdit }) => {
  const scheme = useComputedColorScheme("light");
  const root = useRef<HTMLDivElement>(null);
  useReadableCode(scheme);
  useListedTabs(root);
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
    <div className="explorer" ref={root}>
      <GraphiQL
        fetcher={fetcher}
        defaultQuery={t("defaultQuery")}
        shouldPersistHeaders={false}
        isHeadersEditorEnabled
        forcedTheme={scheme}
        plugins={plugins}
        onEditQuery={(query) => onEdit({ query })}
        onEditVariables={(variables) => onEdit({ variables })}
      >
        <GraphiQL.Toolbar>
          {({ prettify, merge, copy }) => (
            <>
              {prettify}
              {merge}
              {copy}
              <Restored onEdit={onEdit} />
            </>
          )}
        </GraphiQL.Toolbar>
      </GraphiQL>
    </div>
  );
};

export default Explorer;
