import { lazy, Suspense, useEffect, useState } from "react";
import type { Overview } from "../../api/console.ts";
import { Frame } from "./Frame.tsx";
import { SetUp } from "./pages/SetUp.tsx";
import { Start } from "./pages/Start.tsx";
import { Unlock } from "./pages/Unlock.tsx";
import { dropSecret } from "./secret.ts";

// The editor is megabytes: only who opens it waits for it.
const Explorer = lazy(() => import("./pages/Explorer.tsx"));

export type Page = "start" | "graphql" | "setup";
export type Opened = { secret: string; overview: Overview };

const titles: Record<Page, string> = { start: "Gatehouse", graphql: "GraphQL · Gatehouse", setup: "Set up Gatehouse" };

const currentPage = (): Page => {
  const path = location.pathname.replace(/^\/console\/?/, "").replace(/\/$/, "");
  return path === "setup" || path === "graphql" ? path : "start";
};

export const goTo = (page: Page) => {
  history.pushState(null, "", page === "start" ? "/console" : `/console/${page}`);
  dispatchEvent(new PopStateEvent("popstate"));
};

export const App = () => {
  const [page, setPage] = useState(currentPage);
  const [opened, setOpened] = useState<Opened>();
  useEffect(() => {
    const update = () => setPage(currentPage());
    addEventListener("popstate", update);
    return () => removeEventListener("popstate", update);
  }, []);
  useEffect(() => {
    document.title = titles[page];
  }, [page]);

  if (page === "setup") return <SetUp />;
  if (!opened) return <Unlock onOpen={setOpened} />;
  const lock = () => {
    dropSecret();
    setOpened(undefined);
  };
  return (
    <Frame page={page} onLock={lock}>
      {page === "graphql" ? (
        <Suspense fallback={<p className="wait">Loading the editor…</p>}>
          <Explorer secret={opened.secret} roles={opened.overview.roles} />
        </Suspense>
      ) : (
        <Start overview={opened.overview} />
      )}
    </Frame>
  );
};
