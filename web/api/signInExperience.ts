import { call } from "./request.ts";

export type Identifier = "username" | "email" | "phone";
export type SignInMethod = { identifier: Identifier; password: boolean; verificationCode: boolean; isPasswordPrimary: boolean };
/** The settings of sign-in that this console edits; others are kept as they are. */
export type SignInExperience = {
  color: { primaryColor: string; isDarkModeEnabled: boolean; darkPrimaryColor: string };
  branding: { logoUrl?: string; darkLogoUrl?: string; favicon?: string; darkFavicon?: string };
  hideLogtoBranding: boolean;
  languageInfo: { autoDetect: boolean; fallbackLanguage: string };
  termsOfUseUrl: string | null;
  privacyPolicyUrl: string | null;
  agreeToTermsPolicy: "Automatic" | "ManualRegistrationOnly" | "Manual";
  signIn: { methods: SignInMethod[] };
  signUp: { identifiers: Identifier[]; password: boolean; verify: boolean };
  signInMode: "SignIn" | "Register" | "SignInAndRegister";
  customCss: string | null;
  passwordPolicy: {
    length?: { min?: number; max?: number };
    characterTypes?: { min?: number };
    rejects?: { pwned?: boolean; repetitionAndSequence?: boolean; userInfo?: boolean; words?: string[] };
  };
  supportEmail: string | null;
  supportWebsiteUrl: string | null;
  unknownSessionRedirectUrl: string | null;
  sentinelPolicy: { maxAttempts?: number; lockoutDuration?: number };
  usernamePolicy: {
    caseSensitive: boolean;
    minLength: number;
    maxLength: number;
    allowedChars: { lowercase: boolean; uppercase: boolean; numbers: boolean; underscore: boolean };
  };
};

export const loadSignInExperience = (): Promise<SignInExperience> => call("/api/sign-in-exp");
/** Replaces the given settings; the others stay. */
export const changeSignInExperience = (body: Partial<SignInExperience>): Promise<SignInExperience> =>
  call("/api/sign-in-exp", { method: "PATCH", body });
