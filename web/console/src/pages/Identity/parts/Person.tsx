import { Avatar, Badge } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { nameOf, type User } from "../../../../../api/users.ts";
import { t } from "./text.ts";
import "./pickers.css";

type Shown = Pick<User, "id" | "name" | "username" | "primaryEmail" | "primaryPhone" | "avatar"> & { isSuspended?: boolean };

/** The picture of a user, where the console may show it: it loads nothing from elsewhere, so that others have their initials. */
export const Face = ({ name, avatar }: { name: string; avatar: string | null }) => (
  <Avatar src={isOurs(avatar) ? avatar : null} name={name} color="pine" size="sm" alt="" />
);

/** Whether a picture comes along with the console, or from the same server. */
const isOurs = (address: string | null) =>
  address !== null && (address.startsWith("data:image/") || (URL.canParse(address) && new URL(address).origin === location.origin));

/** A user by what people know them by: a link to the page, or the name alone, or what else is said for it. */
export const Person = ({ user, isLink, children }: { user: Shown; isLink?: boolean; children?: ReactNode }) => {
  const shown = nameOf(user);
  const name = isLink ? (
    <Link to="/identity/users/$id" params={{ id: user.id }} className="whole">
      {shown}
    </Link>
  ) : (
    (children ?? shown)
  );
  const second = [user.username, user.primaryEmail, user.primaryPhone].filter((value) => value && value !== shown);
  return (
    <div className="person">
      <Face name={shown} avatar={user.avatar} />
      <div>
        {name}{" "}
        {user.isSuspended && (
          <Badge color="red" variant="light" size="sm">
            {t("suspended")}
          </Badge>
        )}
        <span className="second">{second.join(" · ") || user.id}</span>
      </div>
    </div>
  );
};
