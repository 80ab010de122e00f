import { Avatar, Menu, SegmentedControl, UnstyledButton, useMantineColorScheme, VisuallyHidden } from "@mantine/core";
import { IconKeyboard, IconLogout } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { signOut } from "../../../api/session.ts";
import { choose, chosen, type Language, languages } from "../language.ts";
import { failed } from "../parts/notify.ts";
import { sessionKey, useSession } from "../session.tsx";
import { t } from "./text.ts";

/** Who is signed in, the colours, the language, and the way out. */
export const Account = ({ onShortcuts }: { onShortcuts: () => void }) => {
  const session = useSession();
  const client = useQueryClient();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const name = session.user?.name ?? session.user?.username ?? t(session.by === "open" ? "open" : "bySecret");
  const leave = async () => {
    try {
      await signOut();
    } catch (error) {
      failed(error);
      return;
    }
    client.clear(); // nothing of this session may be shown to the next
    await client.invalidateQueries({ queryKey: sessionKey });
    location.assign("/console");
  };
  return (
    <Menu position="top-start" width={280} withArrow>
      <Menu.Target>
        <UnstyledButton className="account">
          <Avatar src={session.user?.avatar} name={name} color="pine" size="sm" alt="" />
          <span>
            <strong>{name}</strong>
            {session.role && <small>{t(session.role)}</small>}
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{t("scheme")}</Menu.Label>
        <div className="schemes">
          <VisuallyHidden id="scheme-label">{t("scheme")}</VisuallyHidden>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-labelledby="scheme-label"
            value={colorScheme}
            onChange={(value) => setColorScheme(value as typeof colorScheme)}
            data={[
              { value: "light", label: t("light") },
              { value: "dark", label: t("dark") },
              { value: "auto", label: t("system") },
            ]}
          />
        </div>
        <Menu.Label>{t("language")}</Menu.Label>
        <div className="schemes">
          <VisuallyHidden id="language-label">{t("language")}</VisuallyHidden>
          <SegmentedControl
            size="xs"
            fullWidth
            aria-labelledby="language-label"
            value={chosen ?? ""}
            onChange={(value) => choose((value || undefined) as Language | undefined)}
            data={[
              ...Object.entries(languages).map(([tag, name]) => ({ value: tag, label: <span lang={tag}>{name}</span> })),
              { value: "", label: t("asBrowser") },
            ]}
          />
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={16} aria-hidden="true" />} onClick={onShortcuts}>
          {t("shortcuts")}
        </Menu.Item>
        {session.by !== "open" && (
          <Menu.Item leftSection={<IconLogout size={16} aria-hidden="true" />} onClick={() => void leave()}>
            {t("signOut")}
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
};
