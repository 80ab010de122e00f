import { Button, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { changeApplication, loadApplication } from "../../../../../api/applications.ts";
import type { Application } from "../../../../../api/management.ts";
import { Copy } from "../../../parts/Copy.tsx";
import { done, failed } from "../../../parts/notify.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { useForm } from "../../../parts/useForm.ts";
import { RowAction } from "../parts/list.tsx";
import { t } from "./text.ts";
import { isOrigin, isRedirectUri } from "./uris.ts";

/** The lists of addresses an application has, and what an address of each looks like. */
const lists = {
  redirectUris: {
    of: (app: Application) => app.oidcClientMetadata.redirectUris,
    change: (uris: string[]) => ({ oidcClientMetadata: { redirectUris: uris } }),
    isRight: isRedirectUri,
    name: "redirectUri",
    wrong: "redirectWrong",
    where: "oidcClientMetadata.redirectUris",
  },
  corsAllowedOrigins: {
    of: (app: Application) => app.customClientMetadata.corsAllowedOrigins ?? [],
    change: (uris: string[]) => ({ customClientMetadata: { corsAllowedOrigins: uris } }),
    isRight: isOrigin,
    name: "origin",
    wrong: "originWrong",
    where: "customClientMetadata.corsAllowedOrigins",
  },
} as const;

type Props = { app: Application; of: keyof typeof lists; first?: string; mayWrite: boolean };

/** Addresses of an application, added and taken where one needs them. One that is taken comes back by undoing. */
export const Uris = ({ app, of, first = "", mayWrite }: Props) => {
  const client = useQueryClient();
  const list = lists[of];
  const uris = list.of(app);
  /** Changes the list as it is now, not as it was when the page was drawn. */
  const change = async (next: (now: string[]) => string[]) => {
    await changeApplication(app.id, list.change(next(list.of(await loadApplication(app.id)))));
    await client.invalidateQueries({ queryKey: ["applications"] });
  };
  const add = (uri: string) => change((now) => [...new Set([...now, uri])]);
  const form = useForm({
    initial: { uri: uris.length === 0 ? first : "" },
    check: ({ uri }) => (list.isRight(uri.trim()) ? {} : { uri: t(list.wrong, { value: uri }) }),
    where: { [list.where]: "uri" },
    onSubmit: async ({ uri }) => {
      await add(uri.trim());
      done(t("uriAdded", { uri: uri.trim() }));
    },
  });
  const take = async (uri: string) => {
    try {
      await change((now) => now.filter((one) => one !== uri));
      done(t("uriTaken", { uri }), () => add(uri));
    } catch (error) {
      failed(error);
    }
  };
  return (
    <>
      {uris.length > 0 && (
        <ul className="uris">
          {uris.map((uri) => (
            <li key={uri}>
              <code>{uri}</code>
              <Copy name={uri} value={uri} />
              {mayWrite && <RowAction icon="take" name={t("uriTake", { uri })} onClick={() => void take(uri)} />}
            </li>
          ))}
        </ul>
      )}
      {mayWrite && (
        <form key={uris.join(" ")} className="inline" ref={form.element} onSubmit={form.submit} noValidate>
          <TextInput aria-label={t(list.name)} placeholder="https://" spellCheck={false} autoCapitalize="none" {...form.text("uri")} />
          <Button type="submit" variant="default" loading={form.isBusy}>
            {t(of === "redirectUris" ? "redirectAdd" : "originAdd")}
          </Button>
          {form.error !== undefined && <Problem error={form.error} />}
        </form>
      )}
    </>
  );
};
