import type { Identifier, SignInExperience } from "../../../../../api/signInExperience.ts";
import { t } from "./text.ts";

/** The settings as a form holds them: flat, and texts where something may be missing. */
export type Draft = ReturnType<typeof draftOf>;

export const draftOf = (s: SignInExperience) => ({
  primaryColor: s.color.primaryColor,
  isDarkModeEnabled: s.color.isDarkModeEnabled,
  darkPrimaryColor: s.color.darkPrimaryColor,
  logoUrl: s.branding.logoUrl ?? "",
  darkLogoUrl: s.branding.darkLogoUrl ?? "",
  favicon: s.branding.favicon ?? "",
  darkFavicon: s.branding.darkFavicon ?? "",
  hideLogtoBranding: s.hideLogtoBranding,
  customCss: s.customCss ?? "",
  signInMode: s.signInMode,
  methods: s.signIn.methods.map(({ identifier }) => identifier),
  minLength: (s.passwordPolicy.length?.min ?? 8) as number | string,
  maxLength: (s.passwordPolicy.length?.max ?? 256) as number | string,
  characterTypes: (s.passwordPolicy.characterTypes?.min ?? 1) as number | string,
  pwned: s.passwordPolicy.rejects?.pwned ?? true,
  repetitionAndSequence: s.passwordPolicy.rejects?.repetitionAndSequence ?? true,
  userInfo: s.passwordPolicy.rejects?.userInfo ?? true,
  words: s.passwordPolicy.rejects?.words ?? [],
  nameMin: s.usernamePolicy.minLength as number | string,
  nameMax: s.usernamePolicy.maxLength as number | string,
  allowed: Object.entries(s.usernamePolicy.allowedChars).flatMap(([kind, isAllowed]) => (isAllowed ? [kind] : [])),
  caseSensitive: s.usernamePolicy.caseSensitive,
  maxAttempts: (s.sentinelPolicy.maxAttempts ?? "") as number | string,
  lockoutDuration: (s.sentinelPolicy.lockoutDuration ?? "") as number | string,
  termsOfUseUrl: s.termsOfUseUrl ?? "",
  privacyPolicyUrl: s.privacyPolicyUrl ?? "",
  agreeToTermsPolicy: s.agreeToTermsPolicy,
  supportEmail: s.supportEmail ?? "",
  supportWebsiteUrl: s.supportWebsiteUrl ?? "",
  unknownSessionRedirectUrl: s.unknownSessionRedirectUrl ?? "",
  autoDetect: s.languageInfo.autoDetect,
  fallbackLanguage: s.languageInfo.fallbackLanguage,
});

const given = <Key extends string>(values: Record<Key, string>): { [name in Key]?: string } =>
  Object.fromEntries(Object.entries<string>(values).flatMap(([key, value]) => (value.trim() ? [[key, value.trim()]] : []))) as {
    [name in Key]?: string;
  };

/** The settings a draft means; what the form does not hold stays as it is stored. */
export const settingsOf = (stored: SignInExperience, d: Draft): SignInExperience => ({
  ...stored,
  color: { primaryColor: d.primaryColor, isDarkModeEnabled: d.isDarkModeEnabled, darkPrimaryColor: d.darkPrimaryColor },
  branding: given({ logoUrl: d.logoUrl, darkLogoUrl: d.darkLogoUrl, favicon: d.favicon, darkFavicon: d.darkFavicon }),
  hideLogtoBranding: d.hideLogtoBranding,
  customCss: d.customCss.trim() || null,
  signInMode: d.signInMode,
  signIn: {
    methods: (["username", "email", "phone"] as Identifier[])
      .filter((identifier) => d.methods.includes(identifier))
      .map(
        (identifier) =>
          stored.signIn.methods.find((method) => method.identifier === identifier) ?? {
            identifier,
            password: true,
            verificationCode: false,
            isPasswordPrimary: true,
          },
      ),
  },
  passwordPolicy: {
    ...stored.passwordPolicy,
    length: { min: Number(d.minLength), max: Number(d.maxLength) },
    characterTypes: { min: Number(d.characterTypes) },
    rejects: { pwned: d.pwned, repetitionAndSequence: d.repetitionAndSequence, userInfo: d.userInfo, words: d.words },
  },
  usernamePolicy: {
    caseSensitive: d.caseSensitive,
    minLength: Number(d.nameMin),
    maxLength: Number(d.nameMax),
    allowedChars: {
      lowercase: d.allowed.includes("lowercase"),
      uppercase: d.allowed.includes("uppercase"),
      numbers: d.allowed.includes("numbers"),
      underscore: d.allowed.includes("underscore"),
    },
  },
  sentinelPolicy: {
    ...(d.maxAttempts !== "" && { maxAttempts: Number(d.maxAttempts) }),
    ...(d.lockoutDuration !== "" && { lockoutDuration: Number(d.lockoutDuration) }),
  },
  termsOfUseUrl: d.termsOfUseUrl.trim() || null,
  privacyPolicyUrl: d.privacyPolicyUrl.trim() || null,
  agreeToTermsPolicy: d.agreeToTermsPolicy,
  supportEmail: d.supportEmail.trim() || null,
  supportWebsiteUrl: d.supportWebsiteUrl.trim() || null,
  unknownSessionRedirectUrl: d.unknownSessionRedirectUrl.trim() || null,
  languageInfo: { autoDetect: d.autoDetect, fallbackLanguage: d.fallbackLanguage.trim() },
});

/** The settings that differ from what is stored, as a whole each: so the server replaces them. */
export const changesOf = (stored: SignInExperience, next: SignInExperience): Partial<SignInExperience> => {
  // What the form spells out need not be stored: a policy that means the same is no change.
  const meant = settingsOf(stored, draftOf(stored));
  return Object.fromEntries(
    Object.entries(next).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(meant[key as keyof SignInExperience])),
  );
};

const urls = [
  "logoUrl",
  "darkLogoUrl",
  "favicon",
  "darkFavicon",
  "termsOfUseUrl",
  "privacyPolicyUrl",
  "supportWebsiteUrl",
  "unknownSessionRedirectUrl",
] as const;

const isWhole = (value: number | string, from: number, to: number) => Number.isInteger(value) && Number(value) >= from && Number(value) <= to;

/** What is wrong with a draft, by field. */
export const wrongOf = (d: Draft): { [field in keyof Draft]?: string } => {
  const wrong: { [field in keyof Draft]?: string } = {};
  for (const name of urls) if (d[name].trim() && !/^https?:\/\/[^\s/]+/.test(d[name].trim())) wrong[name] = t("urlWrong");
  for (const name of ["primaryColor", "darkPrimaryColor"] as const) if (!/^#([\da-f]{3}){1,2}$/i.test(d[name])) wrong[name] = t("colorWrong");
  if (d.methods.length === 0 || !d.methods.includes("username")) wrong.methods = t("identifiersWrong");
  if (!isWhole(d.minLength, 1, 4096)) wrong.minLength = t("number", { from: 1, to: 4096 });
  if (!isWhole(d.maxLength, 1, 4096)) wrong.maxLength = t("number", { from: 1, to: 4096 });
  else if (Number(d.minLength) > Number(d.maxLength)) wrong.maxLength = t("range");
  if (!isWhole(d.characterTypes, 1, 4)) wrong.characterTypes = t("number", { from: 1, to: 4 });
  if (!isWhole(d.nameMin, 1, 128)) wrong.nameMin = t("number", { from: 1, to: 128 });
  if (!isWhole(d.nameMax, 1, 128)) wrong.nameMax = t("number", { from: 1, to: 128 });
  else if (Number(d.nameMin) > Number(d.nameMax)) wrong.nameMax = t("range");
  if (d.allowed.length === 0) wrong.allowed = t("allowedWrong");
  if (d.maxAttempts !== "" && !isWhole(d.maxAttempts, 1, 1_000_000)) wrong.maxAttempts = t("number", { from: 1, to: 1_000_000 });
  if (d.lockoutDuration !== "" && !isWhole(d.lockoutDuration, 1, 525_600)) wrong.lockoutDuration = t("number", { from: 1, to: 525_600 });
  if (d.supportEmail.trim() && !/^\S+@\S+\.\S+$/.test(d.supportEmail.trim())) wrong.supportEmail = t("emailWrong");
  if (d.fallbackLanguage.trim().length < 2) wrong.fallbackLanguage = t("fallbackHint");
  return wrong;
};
