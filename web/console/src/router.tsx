import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { apiRoutes } from "./pages/Api/routes.ts";
import { DataLayout, dataRoutes } from "./pages/Data/routes.ts";
import { identityRoutes } from "./pages/Identity/routes.ts";
import { operationsRoutes } from "./pages/Operations/routes.ts";
import { permissionRoutes } from "./pages/Permissions/routes.ts";
import { Broken } from "./shell/Broken.tsx";
import { NotFound } from "./shell/NotFound.tsx";
import { Root } from "./shell/Root.tsx";
import { Waiting } from "./shell/Waiting.tsx";

const root = createRootRoute({ component: Root, notFoundComponent: NotFound });
const on = () => root;

// A page is a route here and a folder under pages/; its code is loaded when it is opened.
const home = createRoute({ getParentRoute: on, path: "/", component: lazyRouteComponent(() => import("./pages/Home/index.tsx")) });
const setUp = createRoute({ getParentRoute: on, path: "/setup", component: lazyRouteComponent(() => import("./pages/SetUp/index.tsx")) });
const data = createRoute({ getParentRoute: on, path: "/data", component: DataLayout });
export const router = createRouter({
  routeTree: root.addChildren([
    home,
    setUp,
    ...apiRoutes(on),
    data.addChildren(dataRoutes(() => data)),
    ...permissionRoutes(on),
    ...operationsRoutes(on),
    ...identityRoutes(on),
  ]),
  basepath: "/console",
  defaultPreload: "intent",
  defaultPendingComponent: Waiting,
  // At the start there is nothing to keep in sight: what is around the page is shown before the page's code is there.
  defaultPendingMs: 0,
  defaultPendingMinMs: 0,
  defaultErrorComponent: Broken,
});

// Later the page one is on stays until the next is ready, or this long.
const stop = router.subscribe("onResolved", () => {
  stop();
  router.update({ ...router.options, defaultPendingMs: 1000 });
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
