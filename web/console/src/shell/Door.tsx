import { type ReactNode, useEffect } from "react";

export const Wordmark = () => (
  <span className="wordmark">
    <svg viewBox="0 0 24 24" aria-hidden="true">
      <path d="M2.5 22V11.5a9.5 9.5 0 0 1 19 0V22h-5V11.8a4.5 4.5 0 0 0-9 0V22z" />
      <path d="M10.5 22v-9.7a1.5 1.5 0 0 1 3 0V22z" />
    </svg>
    Gatehouse
  </span>
);

/** A page of one card, before the console is open. */
export const Door = ({ title, children }: { title: string; children: ReactNode }) => {
  useEffect(() => {
    document.title = `${title} · Gatehouse`;
  }, [title]);
  return (
    <main className="door">
      <div className="card">
        <Wordmark />
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  );
};
