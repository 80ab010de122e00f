import type { ReactNode } from "react";
import { goTo, type Page } from "./App.tsx";

export const Wordmark = () => (
  <span className="wordmark">
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M2.5 22V11.5a9.5 9.5 0 0 1 19 0V22h-5V11.8a4.5 4.5 0 0 0-9 0V22z" />
      <path d="M10.5 22v-9.7a1.5 1.5 0 0 1 3 0V22z" />
    </svg>
    Gatehouse
  </span>
);

const Tab = ({ to, current, children }: { to: Page; current: Page; children: ReactNode }) => (
  <a
    href={to === "start" ? "/console" : `/console/${to}`}
    aria-current={to === current ? "page" : undefined}
    onClick={(event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return; // a new tab or window is the browser's to open
      event.preventDefault();
      goTo(to);
    }}
  >
    {children}
  </a>
);

/** What is around every page of an opened console. */
export const Frame = ({ page, onLock, children }: { page: Page; onLock: () => void; children: ReactNode }) => (
  <div className={`frame ${page}`}>
    <header className="bar">
      <Wordmark />
      <nav aria-label="Console">
        <Tab to="start" current={page}>
          Overview
        </Tab>
        <Tab to="graphql" current={page}>
          GraphQL
        </Tab>
      </nav>
      <button type="button" className="quiet" onClick={onLock}>
        Lock
      </button>
    </header>
    <main>{children}</main>
  </div>
);

/** A page of one card: set-up and unlocking. */
export const Door = ({ title, children }: { title: string; children: ReactNode }) => (
  <main className="door">
    <div className="card">
      <Wordmark />
      <h1>{title}</h1>
      {children}
    </div>
  </main>
);
