import { ActionIcon, Burger, Kbd, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { Link, useRouterState } from "@tanstack/react-router";
import { type ReactNode, useEffect, useMemo, useRef } from "react";
import { useSession } from "../session.tsx";
import { Account } from "./Account.tsx";
import { Connection } from "./Connection.tsx";
import { Wordmark } from "./Door.tsx";
import { Palette } from "./Palette.tsx";
import { Shortcuts } from "./Shortcuts.tsx";
import { sectionsFor } from "./sections.ts";
import { t } from "./text.ts";

/** What is around every page: the navigation, the search and the account. */
export const Frame = ({ children }: { children: ReactNode }) => {
  const session = useSession();
  const sections = useMemo(() => sectionsFor(session), [session]);
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const [isHelping, shortcuts] = useDisclosure(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const main = useRef<HTMLElement>(null);
  const last = useRef(path);
  // Another page is read from its beginning, by screen readers too.
  useEffect(() => {
    if (last.current === path) return;
    last.current = path;
    close();
    if (!document.activeElement || !main.current?.contains(document.activeElement)) main.current?.focus({ preventScroll: true });
  }, [path, close]);
  const isMac = navigator.platform.startsWith("Mac");
  return (
    <div className="frame">
      <a className="skip" href="#page">
        {t("skip")}
      </a>
      <aside className="side" aria-label="Gatehouse">
        <div className="brand">
          <Link to="/">
            <Wordmark />
          </Link>
          <ActionIcon className="narrow" variant="subtle" color="gray" onClick={spotlight.open} aria-label={t("search")}>
            <IconSearch size={18} aria-hidden="true" />
          </ActionIcon>
          <Burger className="narrow" opened={isOpen} onClick={toggle} size="sm" aria-label={t("menu")} aria-expanded={isOpen} aria-controls="pages" />
        </div>
        <div id="pages" className={isOpen ? "menu open" : "menu"}>
          <UnstyledButton className="search" onClick={spotlight.open}>
            <IconSearch size={16} aria-hidden="true" />
            <span>{t("search")}</span>
            <Kbd size="xs">{isMac ? "⌘" : t("ctrl")} K</Kbd>
          </UnstyledButton>
          <nav aria-label={t("pages")}>
            {sections.map(({ to, name, icon: Icon, pages }) => {
              const isHere = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
              return (
                <div key={to}>
                  <Link to={to} className={isHere ? "entry here" : "entry"} aria-current={path === to ? "page" : undefined}>
                    <Icon size={18} aria-hidden="true" />
                    {name}
                  </Link>
                  {isHere &&
                    pages?.map((page) => (
                      <Link key={page.to} to={page.to} className="entry within" aria-current={path.startsWith(page.to) ? "page" : undefined}>
                        {page.name}
                      </Link>
                    ))}
                </div>
              );
            })}
          </nav>
          <Account onShortcuts={shortcuts.open} />
        </div>
      </aside>
      <Connection />
      <main id="page" ref={main} tabIndex={-1}>
        {children}
      </main>
      <Palette sections={sections} onShortcuts={shortcuts.open} />
      <Shortcuts isOpen={isHelping} onOpen={shortcuts.open} onClose={shortcuts.close} />
    </div>
  );
};
