import { type AnyRoute, createRoute, lazyRouteComponent } from "@tanstack/react-router";
import { operations, type TableOperation } from "../../../../api/permissions.ts";

const text = (value: unknown) => (value === undefined || value === null || value === "" ? undefined : String(value));

/** The matrix of a source, and one table's permissions with the one that is picked. */
export const permissionRoutes = <Parent extends AnyRoute>(on: () => Parent) => [
  createRoute({
    getParentRoute: on,
    path: "/permissions",
    validateSearch: (search: Record<string, unknown>): { source?: string; find?: string } => ({
      source: text(search.source),
      find: text(search.find),
    }),
    component: lazyRouteComponent(() => import("./index.tsx")),
  }),
  createRoute({
    getParentRoute: on,
    path: "/permissions/$source/$schema/$table",
    validateSearch: (search: Record<string, unknown>): { role?: string; operation?: TableOperation } => ({
      role: text(search.role),
      operation: operations.find((one) => one === search.operation),
    }),
    component: lazyRouteComponent(() => import("./Table.tsx")),
  }),
];
