import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { searchOf } from "../../parts/useAddress.ts";
import { callerAddress } from "./caller.ts";

/** GraphiQL, the REST endpoints and the allow list. */
export const apiRoutes = <Root extends AnyRoute>(on: () => Root) =>
  [
    createRoute({ getParentRoute: on, path: "/graphql", validateSearch: callerAddress, component: lazyRouteComponent(() => import("./index.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/graphql/rest",
      validateSearch: searchOf("open", "create"),
      component: lazyRouteComponent(() => import("./Rest.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/graphql/allow-list",
      validateSearch: searchOf("create"),
      component: lazyRouteComponent(() => import("./AllowList.tsx")),
    }),
  ] as const;
