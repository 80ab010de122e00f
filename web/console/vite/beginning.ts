import type { HtmlTagDescriptor, Plugin, Rolldown } from "vite";

const early = "/src/early.ts";

/** The chunk of a name and all that it imports. */
const withImports = (bundle: Rolldown.OutputBundle, name: string): Rolldown.OutputChunk[] => {
  const found = new Set<Rolldown.OutputChunk>();
  const take = (chunk: Rolldown.OutputAsset | Rolldown.OutputChunk | undefined) => {
    if (chunk?.type !== "chunk" || found.has(chunk)) return;
    found.add(chunk);
    for (const file of chunk.imports) take(bundle[file]);
  };
  take(Object.values(bundle).find((chunk) => chunk.type === "chunk" && chunk.name === name));
  return [...found];
};

/**
 * What the page begins with, besides src/main.ts:
 * - src/early.ts, which runs before anything is painted: a classic script of its own file, since the content security policy allows no inline script and
 *   a module would run only once the page is parsed and perhaps painted;
 * - src/draw.tsx, which src/main.ts imports once it knows its language: named in the page, it is there by then.
 */
export const beginning = (): Plugin => ({
  name: "beginning",
  config: (_, { command }) =>
    command === "build" ? { build: { rolldownOptions: { input: { index: "index.html", early: `.${early}` } } } } : undefined,
  generateBundle(_, bundle) {
    for (const chunk of withImports(bundle, "early")) {
      if (chunk.imports.length + chunk.exports.length > 0) this.error("src/early.ts imports or exports something: it could not be a classic script");
      chunk.code = `(()=>{${chunk.code}})();`; // so that its names are nobody else's
    }
  },
  transformIndexHtml: {
    order: "post",
    handler: (_, { bundle }): HtmlTagDescriptor[] => {
      if (!bundle) return [{ tag: "script", attrs: { type: "module", src: early }, injectTo: "head-prepend" }];
      const [script] = withImports(bundle, "early");
      const drawn = withImports(bundle, "draw");
      const address = (file: string) => `/console/${file}`;
      const styles = new Set(drawn.flatMap((chunk) => [...(chunk.viteMetadata?.importedCss ?? [])]));
      return [
        { tag: "script", attrs: { src: address(script?.fileName ?? "") }, injectTo: "head-prepend" },
        ...drawn.map(
          ({ fileName }): HtmlTagDescriptor => ({
            tag: "link",
            attrs: { rel: "modulepreload", crossorigin: true, href: address(fileName) },
            injectTo: "head",
          }),
        ),
        ...[...styles].map(
          (file): HtmlTagDescriptor => ({ tag: "link", attrs: { rel: "stylesheet", crossorigin: true, href: address(file) }, injectTo: "head" }),
        ),
      ];
    },
  },
});
