import { type Settings, webAddress } from "./settings.ts";

type RGB = [number, number, number];

const parse = (hex: string): RGB | undefined => {
  const long = /^#([\da-f])([\da-f])([\da-f])$/i.test(hex) ? hex.replace(/[\da-f]/gi, "$&$&") : hex;
  const found = /^#([\da-f]{2})([\da-f]{2})([\da-f]{2})$/i.exec(long);
  return found ? ([1, 2, 3].map((i) => Number.parseInt(found[i] ?? "0", 16)) as RGB) : undefined;
};

const hex = (colour: RGB) => `#${colour.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`;

/** WCAG 2.2, relative luminance. */
const luminance = (colour: RGB): number => {
  const [r, g, b] = colour.map((c) => {
    const s = c / 255;
    return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
  }) as RGB;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};

export const contrast = (a: string, b: string): number => {
  const [x, y] = [parse(a), parse(b)];
  if (!x || !y) return 1;
  const [high, low] = [luminance(x), luminance(y)].sort((m, n) => n - m) as [number, number];
  return (high + 0.05) / (low + 0.05);
};

/** The brand colour moved towards black or white until text in it reads on `ground` (4.5:1). */
export const readable = (brand: string, ground: string): string => {
  const from = parse(brand);
  if (!from) return brand;
  const target = luminance(parse(ground) ?? [255, 255, 255]) > 0.4 ? 0 : 255;
  for (let step = 0; step <= 20; step++) {
    const mixed = hex(from.map((c) => c + (target - c) * (step / 20)) as RGB);
    if (contrast(mixed, ground) >= 4.5) return mixed;
  }
  return hex([target, target, target]);
};

/** Black or white, whichever reads better on the brand colour. */
export const onBrand = (brand: string) => (contrast(brand, "#ffffff") >= contrast(brand, "#101412") ? "#ffffff" : "#101412");

const surfaces = { light: "#fffefb", dark: "#161c19" }; // --surface of ui/tokens.css

let media: MediaQueryList | undefined;
const scheme = (): MediaQueryList => {
  media ??= matchMedia("(prefers-color-scheme: dark)"); // one, so that who listens to it can stop
  return media;
};

/** Whether the page is dark: as the system, unless the operator or a preview decided. */
export const isDark = (): boolean => {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : scheme().matches;
};

let repaint: (() => void) | undefined;
let operators: CSSStyleSheet | undefined;

/**
 * Applies the operator's colours, scheme, icon and CSS, in place of what was applied before. Everything goes through the CSS object model: the content
 * security policy allows no inline style, and a constructed sheet cannot @import from elsewhere. `shown` is the scheme a preview asks for.
 */
export const applyTheme = (s: Settings, shown?: "light" | "dark") => {
  const root = document.documentElement;
  const theme = s.color?.isDarkModeEnabled === false ? "light" : shown;
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  const paint = () => {
    const brand = isDark() ? s.color?.darkPrimaryColor : s.color?.primaryColor;
    for (const name of ["--brand", "--on-brand", "--link"]) root.style.removeProperty(name);
    if (brand && parse(brand)) {
      root.style.setProperty("--brand", brand);
      root.style.setProperty("--on-brand", onBrand(brand));
      root.style.setProperty("--link", readable(brand, isDark() ? surfaces.dark : surfaces.light));
    }
    const icon = webAddress((isDark() && s.branding?.darkFavicon) || s.branding?.favicon);
    if (icon) document.querySelector<HTMLLinkElement>('link[rel="icon"]')?.setAttribute("href", icon);
  };
  paint();
  if (repaint) scheme().removeEventListener("change", repaint);
  repaint = paint;
  scheme().addEventListener("change", paint);
  if (operators || s.customCss) {
    operators ??= new CSSStyleSheet();
    operators.replaceSync(s.customCss ?? "");
    const sheet = operators;
    document.adoptedStyleSheets = [...document.adoptedStyleSheets.filter((other) => other !== sheet), sheet];
  }
};
