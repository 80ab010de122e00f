import type { ReactNode } from "react";

/** What stands where there is nothing yet: why, and the next step. */
export const Empty = ({ title, text, children }: { title?: string; text: ReactNode; children?: ReactNode }) => (
  <div className="empty">
    {title && <h2>{title}</h2>}
    <p>{text}</p>
    {children && <div className="actions">{children}</div>}
  </div>
);
