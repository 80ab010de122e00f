import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { searchOf } from "../../parts/useAddress.ts";

// The pages of identity. Each is a chunk of its own; what is open on it is in its address.
const list = searchOf("create");
const log = ["event", "result", "user", "application", "time", "from", "to"] as const;
const one = searchOf("tab", "create");
const withLog = searchOf("tab", "create", ...log);

export const identityRoutes = <Root extends AnyRoute>(on: () => Root) =>
  [
    createRoute({ getParentRoute: on, path: "/identity", component: lazyRouteComponent(() => import("./index.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/identity/resources",
      validateSearch: list,
      component: lazyRouteComponent(() => import("./Resources/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/resources/$id",
      validateSearch: one,
      component: lazyRouteComponent(() => import("./Resources/Resource.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/roles",
      validateSearch: searchOf("create", "type"),
      component: lazyRouteComponent(() => import("./Roles/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/roles/$id",
      validateSearch: one,
      component: lazyRouteComponent(() => import("./Roles/Role.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/users",
      validateSearch: searchOf("create", "suspended"),
      component: lazyRouteComponent(() => import("./Users/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/users/import",
      component: lazyRouteComponent(() => import("./Users/Import.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/users/$id",
      validateSearch: withLog,
      component: lazyRouteComponent(() => import("./Users/User.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/applications",
      validateSearch: searchOf("create", "type"),
      component: lazyRouteComponent(() => import("./Applications/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/applications/$id",
      validateSearch: searchOf("tab", "create", "framework", ...log),
      component: lazyRouteComponent(() => import("./Applications/Application.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/custom-jwt",
      component: lazyRouteComponent(() => import("./CustomJwt/index.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/custom-jwt/$type",
      component: lazyRouteComponent(() => import("./CustomJwt/Script.tsx")),
    }),
    createRoute({
      getParentRoute: on,
      path: "/identity/sign-in-experience",
      validateSearch: one,
      component: lazyRouteComponent(() => import("./SignInExperience/index.tsx")),
    }),
    createRoute({ getParentRoute: on, path: "/identity/tokens", component: lazyRouteComponent(() => import("./Tokens/index.tsx")) }),
    createRoute({ getParentRoute: on, path: "/identity/keys", component: lazyRouteComponent(() => import("./Keys/index.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/identity/logs",
      validateSearch: searchOf(...log),
      component: lazyRouteComponent(() => import("./Logs/index.tsx")),
    }),
    createRoute({ getParentRoute: on, path: "/identity/logs/$id", component: lazyRouteComponent(() => import("./Logs/Log.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/identity/members",
      validateSearch: list,
      component: lazyRouteComponent(() => import("./Members/index.tsx")),
    }),
  ] as const;
