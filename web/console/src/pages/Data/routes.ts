import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { pictureSearch, rowsSearch, sourceSearch, sourcesSearch } from "./address.ts";

// The data pages. Each is a chunk of its own, and the tree of tables beside them another, which stays as it is from page to page; what is open is in
// the address.

const overview = lazyRouteComponent(() => import("./Overview/index.tsx"));

/** Beside which all of them stand. */
export const DataLayout = lazyRouteComponent(() => import("./Layout.tsx"));

export const dataRoutes = <Parent extends AnyRoute>(on: () => Parent) =>
  [
    createRoute({ getParentRoute: on, path: "/", component: overview }),
    createRoute({
      getParentRoute: on,
      path: "/sql",
      validateSearch: sourceSearch,
      component: lazyRouteComponent(() => import("./Sql/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/picture",
      validateSearch: pictureSearch,
      component: lazyRouteComponent(() => import("./Picture/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/functions",
      validateSearch: sourceSearch,
      component: lazyRouteComponent(() => import("./Functions/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/migrations",
      validateSearch: sourceSearch,
      component: lazyRouteComponent(() => import("./Migrations/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/sources",
      validateSearch: sourcesSearch,
      component: lazyRouteComponent(() => import("./Sources/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/create",
      validateSearch: sourceSearch,
      component: lazyRouteComponent(() => import("./Create/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/create-view",
      validateSearch: sourceSearch,
      component: lazyRouteComponent(() => import("./CreateView/index.tsx")),
    }),
    createRoute({ getParentRoute: on, path: "/$source", component: overview }),
    createRoute({ getParentRoute: on, path: "/$source/$schema", component: overview }),
    createRoute({
      getParentRoute: on,
      path: "/$source/$schema/$table",
      validateSearch: rowsSearch,
      component: lazyRouteComponent(() => import("./Rows/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/$source/$schema/$table/structure",
      component: lazyRouteComponent(() => import("./Structure/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/$source/$schema/$table/import",
      component: lazyRouteComponent(() => import("./Import/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/$source/$schema/$table/relationships",
      component: lazyRouteComponent(() => import("./Relationships/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/$source/$schema/$table/api",
      component: lazyRouteComponent(() => import("./InApi/index.tsx")),
    }),
  ] as const;
