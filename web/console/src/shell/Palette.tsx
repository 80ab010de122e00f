import { useDebouncedValue } from "@mantine/hooks";
import { Spotlight, type SpotlightActionData } from "@mantine/spotlight";
import { IconKeyboard, IconSearch, IconShieldLock, IconTable, IconUser } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { exportMetadata } from "../../../api/metadata.ts";
import { listUsers, nameOf } from "../../../api/users.ts";
import { useMay, useSession } from "../session.tsx";
import { recent, remember } from "./recent.ts";
import type { Section } from "./sections.ts";
import { t } from "./text.ts";

type Going = { to: string; params?: Record<string, string> };

/** Every page, table and user by name, a keystroke away; what was gone to last comes first. */
export const Palette = ({ sections, onShortcuts }: { sections: Section[]; onShortcuts: () => void }) => {
  const navigate = useNavigate();
  const { halves } = useSession();
  const readsMetadata = useMay("metadata:read") && halves.data;
  const readsUsers = useMay("users:read") && halves.identity;
  const [isOpen, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const [asked] = useDebouncedValue(words.trim(), 200);
  const metadata = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata, enabled: isOpen && readsMetadata }).data?.metadata;
  const users = useQuery({
    queryKey: ["users", "palette", asked],
    queryFn: async () => (await listUsers({ search: asked })).items,
    enabled: isOpen && readsUsers && asked.length > 1,
  });

  const action = (id: string, label: string, description: string, Icon: Section["icon"], going: Going | (() => void)): SpotlightActionData => ({
    id,
    label,
    description,
    leftSection: <Icon size={18} aria-hidden="true" />,
    onClick: () => {
      remember(id);
      if (typeof going === "function") going();
      else void navigate(going as { to: "/" });
    },
  });
  const pages = sections.flatMap(({ to, name, icon, pages: within }) => [
    action(to, name, "", icon, { to }),
    ...(within ?? []).map((page) => action(page.to, page.name, name, icon, { to: page.to })),
  ]);
  const tables = (metadata?.sources ?? []).flatMap((source) =>
    (source.tables ?? []).flatMap(({ table: { schema, name } }) => {
      const label = schema === "public" ? name : `${schema}.${name}`;
      const params = { source: source.name, schema, table: name };
      return [
        action(`rows ${source.name} ${label}`, label, t("rowsOf"), IconTable, { to: "/data/$source/$schema/$table", params }),
        action(`rights ${source.name} ${label}`, label, t("permissions"), IconShieldLock, { to: "/permissions/$source/$schema/$table", params }),
      ];
    }),
  );
  const people = (users.data ?? []).map((user) =>
    action(`user ${user.id}`, nameOf(user), user.primaryEmail ?? user.username ?? "", IconUser, {
      to: "/identity/users/$id",
      params: { id: user.id },
    }),
  );
  const help = [action("shortcuts", t("shortcuts"), "?", IconKeyboard, onShortcuts)];
  const last = words ? [] : recent();
  const latest = last.flatMap((id) => [...pages, ...tables].filter((one) => one.id === id)).map((one) => ({ ...one, id: `recent ${one.id}` }));
  // The server found the users by more than their names; the others are found here.
  const isFound = ({ label = "", description = "" }: SpotlightActionData) =>
    words
      .toLowerCase()
      .trim()
      .split(/\s+/)
      .every((word) => `${label} ${description}`.toLowerCase().includes(word));
  const groups = [
    { group: t("recent"), actions: latest },
    { group: t("pages"), actions: pages.filter(isFound) },
    { group: t("tables"), actions: words ? tables.filter(isFound).slice(0, 12) : [] },
    { group: t("users"), actions: words ? people.slice(0, 8) : [] },
    { group: t("actions"), actions: help.filter(isFound) },
  ].filter(({ actions }) => actions.length > 0);
  return (
    <Spotlight
      actions={groups}
      filter={(_, all) => all}
      query={words}
      onQueryChange={setWords}
      onSpotlightOpen={() => setOpen(true)}
      onSpotlightClose={() => {
        setOpen(false);
        setWords("");
      }}
      scrollable
      maxHeight="60vh"
      nothingFound={t("searchNothing")}
      highlightQuery
      searchProps={{ leftSection: <IconSearch size={18} aria-hidden="true" />, placeholder: t("searchHint"), "aria-label": t("searchHint") }}
      attributes={{ content: { "aria-label": t("search") } }}
      shortcut={["mod + K"]}
    />
  );
};
