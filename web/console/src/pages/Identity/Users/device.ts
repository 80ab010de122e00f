const browsers = [
  ["Edge", /Edg(?:e|A|iOS)?\//],
  ["Opera", /OPR\//],
  ["Samsung Internet", /SamsungBrowser\//],
  ["Firefox", /(?:Firefox|FxiOS)\//],
  ["Chrome", /(?:HeadlessChrome|Chrome|CriOS)\//],
  ["Safari", /Version\/[\d.]+.*Safari\//],
] as const;
const systems = [
  ["Windows", /Windows/],
  ["iOS", /iPhone|iPad/],
  ["macOS", /Mac OS X/],
  ["Android", /Android/],
  ["Linux", /Linux/],
] as const;

/** What a User-Agent header says in words: "Firefox, Windows". */
export const deviceOf = (agent: string | undefined): string | undefined => {
  if (!agent) return undefined;
  const found = [browsers, systems].flatMap((kinds) => kinds.find(([, pattern]) => pattern.test(agent))?.[0] ?? []);
  return found.length > 0 ? found.join(", ") : agent.split(" ")[0];
};
