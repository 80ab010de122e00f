import { TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { changeUser, type Profile, type User } from "../../../../../api/users.ts";
import { done } from "../../../parts/notify.ts";
import { useForm } from "../../../parts/useForm.ts";
import { FormTab } from "../parts/Detail.tsx";
import { whereOfUsers, wrongOf } from "./rules.ts";
import { t } from "./text.ts";

const claims = [
  ["givenName", "givenName"],
  ["familyName", "familyName"],
  ["middleName", "middleName"],
  ["nickname", "nickname"],
  ["preferredUsername", "preferredUsername"],
  ["profile", "profilePage"],
  ["website", "website"],
  ["gender", "gender"],
  ["birthdate", "birthdate"],
  ["zoneinfo", "zoneinfo"],
  ["locale", "locale"],
] as const;

const places = [
  ["formatted", "address"],
  ["streetAddress", "streetAddress"],
  ["locality", "locality"],
  ["region", "region"],
  ["postalCode", "postalCode"],
  ["country", "country"],
] as const;

const account = ["username", "primaryEmail", "primaryPhone", "name", "avatar"] as const;

/** Who a user is: the account's identifiers, and the claims of the scope profile. */
export const Settings = ({ user, mayWrite }: { user: User; mayWrite: boolean }) => {
  const client = useQueryClient();
  const initial = Object.fromEntries([
    ...account.map((key) => [key, user[key] ?? ""]),
    ...claims.map(([key]) => [`profile.${key}`, user.profile[key] ?? ""]),
    ...places.map(([key]) => [`profile.address.${key}`, user.profile.address?.[key] ?? ""]),
  ]) as Record<string, string>;
  const form = useForm<Record<string, string>>({
    initial,
    check: wrongOf,
    where: whereOfUsers,
    onSubmit: async (values) => {
      const profile: Profile = { ...user.profile };
      for (const [key] of claims) {
        const value = values[`profile.${key}`]?.trim();
        if (value) profile[key] = value;
        else delete profile[key];
      }
      const address: Profile["address"] = { ...user.profile.address };
      for (const [key] of places) {
        const value = values[`profile.address.${key}`]?.trim();
        if (value) address[key] = value;
        else delete address[key];
      }
      if (Object.keys(address).length > 0) profile.address = address;
      else delete profile.address;
      // Only what was changed is sent: a username that no longer suits the policy stands in nobody's way.
      const changed = Object.fromEntries(account.filter((key) => values[key] !== initial[key]).map((key) => [key, values[key]?.trim() ?? ""]));
      const isProfileChanged = JSON.stringify(profile) !== JSON.stringify(user.profile);
      await changeUser(user.id, { ...changed, ...(isProfileChanged && { profile }) });
      await client.invalidateQueries({ queryKey: ["users"] });
      done(t("saved"));
    },
  });
  return (
    <FormTab form={form}>
      <fieldset className="card" disabled={!mayWrite}>
        <h2>{t("account")}</h2>
        <div className="fields two">
          <TextInput label={t("name")} maxLength={128} autoComplete="off" {...form.text("name")} />
          <TextInput label={t("username")} maxLength={128} autoComplete="off" autoCapitalize="none" spellCheck={false} {...form.text("username")} />
          <TextInput label={t("email")} type="email" maxLength={128} autoComplete="off" {...form.text("primaryEmail")} />
          <TextInput label={t("phone")} inputMode="tel" maxLength={128} autoComplete="off" {...form.text("primaryPhone")} />
          <TextInput
            label={t("avatar")}
            description={t("avatarHint")}
            type="url"
            maxLength={2048}
            autoComplete="off"
            placeholder="https://"
            {...form.text("avatar")}
          />
        </div>
      </fieldset>
      <fieldset className="card" disabled={!mayWrite}>
        <h2>{t("profile")}</h2>
        <p className="muted">{t("profileHint")}</p>
        <div className="fields two">
          {claims.map(([key, words]) => (
            <TextInput key={key} label={t(words)} autoComplete="off" {...form.text(`profile.${key}`)} />
          ))}
          {places.map(([key, words]) => (
            <TextInput key={key} label={t(words)} autoComplete="off" {...form.text(`profile.address.${key}`)} />
          ))}
        </div>
      </fieldset>
    </FormTab>
  );
};
