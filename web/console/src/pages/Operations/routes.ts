import { type AnyRoute, createRoute, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { searchOf } from "../../parts/useAddress.ts";

/** The metadata as a whole, what runs, and the settings in force. */
export const operationsRoutes = <Root extends AnyRoute>(on: () => Root) =>
  [
    createRoute({
      getParentRoute: on,
      path: "/operations",
      beforeLoad: () => {
        throw redirect({ to: "/operations/metadata" as never, replace: true });
      },
    }),
    createRoute({ getParentRoute: on, path: "/operations/metadata", component: lazyRouteComponent(() => import("./Metadata.tsx")) }),
    createRoute({ getParentRoute: on, path: "/operations/live", component: lazyRouteComponent(() => import("./Live.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/operations/settings",
      validateSearch: searchOf("set"),
      component: lazyRouteComponent(() => import("./Settings.tsx")),
    }),
  ] as const;
