import type { ComponentChildren } from "preact";
import { phrases } from "../phrases.ts";
import { type Settings, webAddress } from "../settings.ts";
import { isDark } from "../theme.ts";

/** Gatehouse's mark: an arch with a door ajar. */
const Mark = () => (
  <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
    <path d="M2.5 22V11.5a9.5 9.5 0 0 1 19 0V22h-5V11.8a4.5 4.5 0 0 0-9 0V22z" />
    <path d="M10.5 22v-9.7a1.5 1.5 0 0 1 3 0V22z" />
  </svg>
);

const Logo = ({ settings }: { settings: Settings }) => {
  const light = webAddress(settings.branding?.logoUrl);
  const dark = webAddress(settings.branding?.darkLogoUrl);
  const chosen = (isDark() && dark) || light;
  if (chosen) return <img class="logo" src={chosen} alt={settings.displayName ?? ""} />;
  return (
    <span class="wordmark">
      {!settings.displayName && <Mark />}
      {settings.displayName ?? "Gatehouse"}
    </span>
  );
};

/** A gateway seen head on, the card standing in it: arches within arches, each fainter than the last. Decoration only. */
const Arches = () => (
  <svg class="arches" viewBox="-960 -960 1920 1920" aria-hidden="true">
    {[330, 392, 464, 548, 646, 760, 892].map((r, i) => (
      <path key={r} d={`M${-r} 960V0a${r} ${r} 0 0 1 ${2 * r} 0V960`} opacity={1 - i * 0.13} />
    ))}
  </svg>
);

/** The frame around every screen: background, logo, card, footer. */
export const Shell = ({ settings, children }: { settings: Settings; children: ComponentChildren }) => {
  const email = settings.supportEmail;
  const website = webAddress(settings.supportWebsiteUrl);
  return (
    <>
      <Arches />
      <div class="page">
        <main class="card">
          <header class="brand">
            <Logo settings={settings} />
          </header>
          {children}
        </main>
        <footer class="foot">
          {website && <a href={website}>{phrases.support_website}</a>}
          {email && <a href={`mailto:${encodeURIComponent(email).replace("%40", "@")}`}>{phrases.support_email}</a>}
          {!settings.hideLogtoBranding && (
            <span class="secured">
              <Mark />
              {phrases.secured}
            </span>
          )}
        </footer>
      </div>
    </>
  );
};
