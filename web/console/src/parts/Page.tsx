import { IconChevronLeft } from "@tabler/icons-react";
import { Link, type LinkProps } from "@tanstack/react-router";
import { type ReactNode, useEffect } from "react";

type Props = {
  title: string;
  /** The list this is one of. */
  back?: { to: LinkProps["to"]; name: string };
  /** One sentence on what the page is for. */
  lead?: ReactNode;
  /** What can be done on the page as a whole, at its top right. */
  actions?: ReactNode;
  /** Takes the whole width and height, as editors and tables do. */
  isWide?: boolean;
  children: ReactNode;
};

/** A page of the console: its title, which is the window's too, and what is below. */
export const Page = ({ title, back, lead, actions, isWide, children }: Props) => {
  useEffect(() => {
    document.title = `${title} · Gatehouse`;
  }, [title]);
  return (
    <div className={isWide ? "page wide" : "page"}>
      <header className="title">
        <div>
          {back && (
            <Link to={back.to} className="back">
              <IconChevronLeft size={16} aria-hidden="true" />
              {back.name}
            </Link>
          )}
          <h1>{title}</h1>
          {lead && <p className="lead">{lead}</p>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
      {children}
    </div>
  );
};
