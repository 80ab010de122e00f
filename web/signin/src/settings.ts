import { setPhrases } from "./phrases.ts";

/** The sign-in experience settings, as GET /api/.well-known/sign-in-exp gives them; only what this page reads. All of it may be missing. */
export type Settings = {
  color?: { primaryColor?: string; darkPrimaryColor?: string; isDarkModeEnabled?: boolean };
  branding?: { logoUrl?: string; darkLogoUrl?: string; favicon?: string; darkFavicon?: string };
  displayName?: string;
  hideLogtoBranding?: boolean;
  termsOfUseUrl?: string | null;
  privacyPolicyUrl?: string | null;
  agreeToTermsPolicy?: "Automatic" | "ManualRegistrationOnly" | "Manual";
  signInMode?: "SignIn" | "Register" | "SignInAndRegister";
  signIn?: { methods?: { identifier: "username" | "email" | "phone"; password: boolean }[] };
  usernamePolicy?: {
    minLength?: number;
    maxLength?: number;
    allowedChars?: { [kind in "lowercase" | "uppercase" | "numbers" | "underscore"]?: boolean };
  };
  passwordPolicy?: { length?: { min?: number; max?: number }; characterTypes?: { min?: number } };
  customCss?: string | null;
  supportEmail?: string | null;
  supportWebsiteUrl?: string | null;
  unknownSessionRedirectUrl?: string | null;
};

const written = (): { signInExperience?: Settings; phrases?: { language?: string; phrases?: unknown }; preview?: boolean } => {
  try {
    return JSON.parse(document.getElementById("gatehouse")?.textContent ?? "{}");
  } catch {
    return {};
  }
};

/** Whether the console shows the page, with settings of its own. */
export const isPreview = (): boolean => written().preview === true;

/** The settings the server wrote into the page, else fetched; a page without either still signs people in, in Gatehouse's own colours. */
export const loadSettings = async (): Promise<Settings> => {
  const { signInExperience, phrases } = written();
  if (phrases) setPhrases(phrases.language ?? "en", phrases.phrases);
  if (signInExperience) return signInExperience;
  try {
    const appId = new URLSearchParams(location.search).get("app_id");
    const query = appId ? `?appId=${encodeURIComponent(appId)}` : "";
    const response = await fetch(`/api/.well-known/sign-in-exp${query}`, { signal: AbortSignal.timeout(5_000) });
    return response.ok ? await response.json() : {};
  } catch {
    return {};
  }
};

/** Only web addresses and mail make links: a settings field must not become script. */
export const webAddress = (url: string | null | undefined): string | undefined => (url && /^https?:\/\//i.test(url) ? url : undefined);

export const canSignIn = (s: Settings) => s.signInMode !== "Register";
export const canRegister = (s: Settings) => s.signInMode !== "SignIn";

/** Which identifiers may be typed with a password. Username where nothing is said. */
export const passwordIdentifiers = (s: Settings): ("username" | "email" | "phone")[] => {
  const enabled = s.signIn?.methods?.filter((m) => m.password).map((m) => m.identifier) ?? [];
  return enabled.length > 0 ? enabled : ["username"];
};
