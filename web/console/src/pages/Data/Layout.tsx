import "./data.css";
import { Button, Drawer } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconListTree } from "@tabler/icons-react";
import { Outlet, useParams, useRouterState, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useSources } from "./source.ts";
import { Tree } from "./Tree.tsx";
import { t } from "./text.ts";

/** The data pages: the database's tables at the left, what is open of them at the right. */
const Layout = () => {
  const params = useParams({ strict: false }) as { source?: string; schema?: string; table?: string };
  const search = useSearch({ strict: false }) as { source?: string };
  const { data: sources } = useSources();
  const source = params.source ?? search.source ?? sources?.[0]?.name;
  const path = useRouterState({ select: (state) => state.location.pathname });
  const [isOpen, { open, close }] = useDisclosure(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page closes the drawer
  useEffect(close, [path, close]);
  const tree = (id: string) => <Tree key={source} id={id} source={source} sources={(sources ?? []).map((one) => one.name)} here={params} />;
  return (
    <div className="data">
      <aside className="data-tree" aria-label={t("tables")}>
        {tree("tree")}
      </aside>
      <div className="data-page">
        <div className="data-open">
          <Button variant="default" size="xs" leftSection={<IconListTree size={16} aria-hidden="true" />} onClick={open}>
            {t("openTree")}
          </Button>
        </div>
        <Outlet />
      </div>
      <Drawer opened={isOpen} onClose={close} title={t("tables")} size="20rem" closeButtonProps={{ "aria-label": t("tables") }}>
        <div className="data-drawer">{isOpen && tree("drawer-tree")}</div>
      </Drawer>
    </div>
  );
};

export default Layout;
