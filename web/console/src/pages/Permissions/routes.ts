import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { operations, type TableOperation } from "../../../../api/permissions.ts";
import { searchOf } from "../../parts/useAddress.ts";

const find = searchOf("source", "find");
const role = searchOf("role");

/** The matrix of a source, and one table's permissions with the one that is picked. */
export const permissionRoutes = <Parent extends AnyRoute>(on: () => Parent) =>
  [
    createRoute({
      getParentRoute: on,
      path: "/permissions",
      validateSearch: find,
      component: lazyRouteComponent(() => import("./index.tsx")),
    }),
    createRoute({ getParentRoute: on, path: "/permissions/role/$role", component: lazyRouteComponent(() => import("./Role.tsx")) }),
    createRoute({
      getParentRoute: on,
      path: "/permissions/$source/$schema/$table",
      validateSearch: (search: Record<string, unknown>): { role?: string; operation?: TableOperation } => ({
        role: role(search).role,
        operation: operations.find((one) => one === search.operation),
      }),
      component: lazyRouteComponent(() => import("./Table.tsx")),
    }),
  ] as const;
