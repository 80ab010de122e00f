import { Avatar, Badge } from "@mantine/core";
import type { ReactNode } from "react";
import { nameOf, type User } from "../../../../../api/users.ts";
import { t } from "./text.ts";
import "./pickers.css";

type Shown = Pick<User, "id" | "name" | "username" | "primaryEmail" | "primaryPhone" | "avatar"> & { isSuspended?: boolean };

/** A user by what people know them by; `name` may be a link around it. */
export const Person = ({ user, name = nameOf(user) }: { user: Shown; name?: ReactNode }) => {
  const shown = nameOf(user);
  const second = [user.username, user.primaryEmail, user.primaryPhone].filter((value) => value && value !== shown);
  return (
    <div className="person">
      <Avatar src={user.avatar} name={shown} color="pine" size="sm" alt="" />
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
