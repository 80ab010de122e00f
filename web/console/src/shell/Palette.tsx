import { Spotlight } from "@mantine/spotlight";
import { IconSearch } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import type { Section } from "./sections.ts";
import { t } from "./text.ts";

/** Every page by its name, a keystroke away. */
export const Palette = ({ sections }: { sections: Section[] }) => {
  const navigate = useNavigate();
  const actions = sections.flatMap(({ to, name, icon: Icon, pages }) => [
    { id: to, label: name, leftSection: <Icon size={18} aria-hidden="true" />, onClick: (): void => void navigate({ to }) },
    ...(pages ?? []).map((page) => ({
      id: page.to,
      label: page.name,
      description: name,
      leftSection: <Icon size={18} aria-hidden="true" />,
      onClick: (): void => void navigate({ to: page.to }),
    })),
  ]);
  return (
    <Spotlight
      actions={actions}
      nothingFound={t("searchNothing")}
      highlightQuery
      searchProps={{ leftSection: <IconSearch size={18} aria-hidden="true" />, placeholder: t("searchHint"), "aria-label": t("searchHint") }}
      shortcut={["mod + K"]}
    />
  );
};
