import type { Translation } from "../text.ts";

export default Object.assign(
  {},
  ...Object.values(import.meta.glob<Translation>("../**/text.de.ts", { eager: true, import: "default" })),
) as Translation;
