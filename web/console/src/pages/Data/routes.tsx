import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import type { ComponentType } from "react";
import { rowsSearch, sourceSearch } from "./address.ts";

// The data pages. Each is a chunk of its own, and the tree of tables beside them another; what is open is in the address.

/** A page with the tree beside it. */
const beside = (load: () => Promise<{ default: ComponentType }>) =>
  lazyRouteComponent(async (): Promise<{ default: ComponentType }> => {
    const [{ default: Layout }, { default: Shown }] = await Promise.all([import("./Layout.tsx"), load()]);
    return {
      default: () => (
        <Layout>
          <Shown />
        </Layout>
      ),
    };
  });

const overview = beside(() => import("./Overview/index.tsx"));

export const dataRoutes = <Root extends AnyRoute>(on: () => Root) =>
  [
    createRoute({ getParentRoute: on, path: "/data", component: overview }),
    createRoute({ getParentRoute: on, path: "/data/sql", validateSearch: sourceSearch, component: beside(() => import("./Sql/index.tsx")) }),
    createRoute({ getParentRoute: on, path: "/data/picture", validateSearch: sourceSearch, component: beside(() => import("./Picture/index.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/data/functions",
      validateSearch: sourceSearch,
      component: beside(() => import("./Functions/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/data/migrations",
      validateSearch: sourceSearch,
      component: beside(() => import("./Migrations/index.tsx")),
    }),
    createRoute({ getParentRoute: on, path: "/data/create", validateSearch: sourceSearch, component: beside(() => import("./Create/index.tsx")) }),
    createRoute({ getParentRoute: on, path: "/data/$source", component: overview }),
    createRoute({ getParentRoute: on, path: "/data/$source/$schema", component: overview }),
    createRoute({
      getParentRoute: on,
      path: "/data/$source/$schema/$table",
      validateSearch: rowsSearch,
      component: beside(() => import("./Rows/index.tsx")),
    }),
    createRoute({ getParentRoute: on, path: "/data/$source/$schema/$table/structure", component: beside(() => import("./Structure/index.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/data/$source/$schema/$table/relationships",
      component: beside(() => import("./Relationships/index.tsx")),
    }),
  ] as const;
