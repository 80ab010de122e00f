import type { Log } from "../../../../../api/logs.ts";
import { t } from "./text.ts";

/** Who did it, as far as the entry knows. */
export const byWhom = ({ payload }: Log): string => {
  const { actor } = payload;
  if (!actor) return payload.userId ?? payload.applicationId ?? "";
  if (actor.type === "adminSecret") return t("bySecret", { name: actor.name ?? actor.id ?? "" }).trim();
  return [actor.name ?? actor.id, actor.role && `(${actor.role})`].filter(Boolean).join(" ") || (actor.type ?? "");
};

/** What it was done to. */
export const aboutWhat = ({ payload }: Log): string => {
  const { target } = payload;
  return target ? [target.type, target.id].filter(Boolean).join(" ") : (payload.applicationId ?? payload.userId ?? "");
};

const known = {
  people: ["Interaction.", "Interaction.SignIn.", "Interaction.Register.", "Console.", "Management.User."],
  tokens: ["ExchangeTokenBy.", "Revoke", "JwtCustomizer."],
  settings: [
    "Management.",
    "Management.Application.",
    "Management.Role.",
    "Management.Resource.",
    "Management.Scope.",
    "Management.Config.",
    "Management.SignInExperience.",
    "Data.Metadata.",
    "Data.SQL.",
    "Data.Rows.",
  ],
} as const;

/** What entries can be narrowed to, by how their keys begin. */
export const eventGroups = Object.entries(known).map(([group, keys]) => ({
  group: t(group as keyof typeof known),
  items: keys.map((value) => ({ value: value as string, label: t(value) })),
}));
