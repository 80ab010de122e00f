import type { ComponentChildren } from "preact";
import { phrases } from "../phrases.ts";
import { type Settings, webAddress } from "../settings.ts";

/** Puts elements where a phrase says {{name}}. */
const compose = (text: string, parts: Record<string, ComponentChildren>): ComponentChildren[] =>
  text.split(/\{\{(\w+)\}\}/).map((piece, i) => (i % 2 === 0 ? piece : parts[piece]));

const links = (settings: Settings): ComponentChildren => {
  const terms = webAddress(settings.termsOfUseUrl);
  const privacy = webAddress(settings.privacyPolicyUrl);
  const a = (href: string, text: string) => (
    <a href={href} target="_blank" rel="noreferrer">
      {text}
    </a>
  );
  if (terms && privacy) return compose(phrases.terms.both, { terms: a(terms, phrases.terms.terms), privacy: a(privacy, phrases.terms.privacy) });
  if (terms) return a(terms, phrases.terms.terms);
  if (privacy) return a(privacy, phrases.terms.privacy);
  return undefined;
};

/** Whether this screen asks for an explicit tick (agreeToTermsPolicy). */
export const needsTick = (settings: Settings, screen: "sign-in" | "register"): boolean =>
  Boolean(webAddress(settings.termsOfUseUrl) || webAddress(settings.privacyPolicyUrl)) &&
  (settings.agreeToTermsPolicy === "Manual" || (settings.agreeToTermsPolicy === "ManualRegistrationOnly" && screen === "register"));

export const TermsTick = ({
  settings,
  isTicked,
  onTick,
  error,
}: {
  settings: Settings;
  isTicked: boolean;
  onTick: (is: boolean) => void;
  error?: string | undefined;
}) => (
  <div class="field">
    <label class="tick">
      <input
        type="checkbox"
        id="terms"
        name="terms"
        checked={isTicked}
        onChange={(event) => onTick(event.currentTarget.checked)}
        aria-invalid={error ? "true" : undefined}
        aria-describedby={error ? "terms-error" : undefined}
      />
      <span>{compose(phrases.terms.checkbox, { links: links(settings) })}</span>
    </label>
    <p class="error" id="terms-error" aria-live="polite">
      {error}
    </p>
  </div>
);

/** The sentence under the button, where no tick is asked. On sign-in only under Automatic, as on Logto's page. */
export const TermsNote = ({ settings, screen }: { settings: Settings; screen: "sign-in" | "register" }) => {
  const content = links(settings);
  if (!content || needsTick(settings, screen)) return null;
  if (screen === "sign-in" && settings.agreeToTermsPolicy === "ManualRegistrationOnly") return null;
  return <p class="terms">{compose(phrases.terms.agree, { links: content })}</p>;
};
