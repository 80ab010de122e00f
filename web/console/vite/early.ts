import type { Plugin } from "vite";

const source = "/src/early.ts";

/**
 * Runs src/early.ts before anything is painted: a classic script in the head, of its own file, since the content security policy of the page allows no
 * inline script and a module would run only once the page is parsed and perhaps painted.
 */
export const early = (): Plugin => ({
  name: "early-script",
  config: (_, { command }) =>
    command === "build" ? { build: { rolldownOptions: { input: { index: "index.html", early: `.${source}` } } } } : undefined,
  generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk" || chunk.name !== "early") continue;
      if (chunk.imports.length + chunk.exports.length > 0) this.error("src/early.ts imports or exports something: it could not be a classic script");
      chunk.code = `(()=>{${chunk.code}})();`; // so that its names are nobody else's
    }
  },
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }) => {
      const built = Object.values(bundle ?? {}).find((chunk) => chunk.type === "chunk" && chunk.name === "early");
      return bundle
        ? [{ tag: "script", attrs: { src: `/console/${built?.fileName}` }, injectTo: "head-prepend" }]
        : [{ tag: "script", attrs: { type: "module", src: source }, injectTo: "head-prepend" }];
    },
  },
});
