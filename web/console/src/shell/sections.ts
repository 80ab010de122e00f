import { IconActivity, IconApi, IconHome2, IconShieldLock, IconTable, IconUsers } from "@tabler/icons-react";
import type { ComponentType } from "react";
import type { Operation, SignedIn } from "../../../api/session.ts";
import { t } from "./text.ts";

/** One entry of the navigation and of the command palette. */
export type Section = {
  to: string;
  name: string;
  icon: ComponentType<{ size?: number | string; "aria-hidden"?: boolean | "true" | "false" }>;
  /** The half it belongs to, and what one must be allowed (any of them) to have use of it. */
  half?: "data" | "identity";
  needs?: Operation[];
  /** Pages inside, for the palette and for the second level of the navigation. */
  pages?: { to: string; name: string; needs?: Operation[] }[];
};

const all: Section[] = [
  { to: "/", name: t("home"), icon: IconHome2 },
  {
    to: "/graphql",
    name: t("api"),
    icon: IconApi,
    half: "data",
    needs: ["graphql"],
    pages: [
      { to: "/graphql/rest", name: t("rest"), needs: ["metadata:read"] },
      { to: "/graphql/allow-list", name: t("allowList"), needs: ["metadata:read"] },
    ],
  },
  {
    to: "/data",
    name: t("data"),
    icon: IconTable,
    half: "data",
    needs: ["metadata:read"],
    pages: [
      { to: "/data/sql", name: t("sql"), needs: ["sql"] },
      { to: "/data/functions", name: t("functions") },
      { to: "/data/picture", name: t("picture") },
      { to: "/data/migrations", name: t("migrations") },
      { to: "/data/sources", name: t("databases") },
    ],
  },
  { to: "/permissions", name: t("permissions"), icon: IconShieldLock, half: "data", needs: ["metadata:read"] },
  {
    to: "/identity",
    name: t("identity"),
    icon: IconUsers,
    half: "identity",
    needs: ["access:read", "users:read", "settings:read", "logs", "members"],
    pages: [
      { to: "/identity/applications", name: t("applications"), needs: ["access:read"] },
      { to: "/identity/resources", name: t("resources"), needs: ["access:read"] },
      { to: "/identity/roles", name: t("roles"), needs: ["access:read"] },
      { to: "/identity/users", name: t("users"), needs: ["users:read"] },
      { to: "/identity/custom-jwt", name: t("customJwt"), needs: ["settings:read"] },
      { to: "/identity/sign-in-experience", name: t("signInExperience"), needs: ["settings:read"] },
      { to: "/identity/tokens", name: t("tokens"), needs: ["settings:read"] },
      { to: "/identity/keys", name: t("keys"), needs: ["secrets"] },
      { to: "/identity/logs", name: t("logs"), needs: ["logs"] },
      { to: "/identity/members", name: t("members"), needs: ["members"] },
    ],
  },
  {
    to: "/operations",
    name: t("operations"),
    icon: IconActivity,
    half: "data",
    needs: ["operations", "metadata:read"],
    pages: [
      { to: "/operations/metadata", name: t("metadata"), needs: ["metadata:read"] },
      { to: "/operations/live", name: t("live"), needs: ["operations"] },
      { to: "/operations/settings", name: t("settingsInForce"), needs: ["operations"] },
    ],
  },
];

const isOffered = (needs: Operation[] | undefined, session: SignedIn) => !needs || needs.some((operation) => session.may.includes(operation));

/** What of the console this session has use of. */
export const sectionsFor = (session: SignedIn): Section[] =>
  all
    .filter((section) => (!section.half || session.halves[section.half]) && isOffered(section.needs, session))
    .map((section) => ({ ...section, pages: section.pages?.filter((page) => isOffered(page.needs, session)) }));
