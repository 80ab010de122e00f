import { Button } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Metadata } from "../../../../api/metadata.ts";
import { disinherit, inherit } from "../../../../api/permissions.ts";
import { Card } from "../../parts/Card.tsx";
import { done, failed } from "../../parts/notify.ts";
import { useMay } from "../../session.tsx";
import { InheritedRole } from "./RoleDialogs.tsx";
import { t } from "./text.ts";

/** The roles that are made of others. */
export const Inherited = ({ metadata, roles }: { metadata: Metadata; roles: string[] }) => {
  const client = useQueryClient();
  const mayWrite = useMay("metadata");
  const inherited = metadata.inherited_roles ?? [];
  const [open, setOpen] = useState<{ was?: (typeof inherited)[number] }>();
  const refresh = () => client.invalidateQueries({ queryKey: ["metadata"] });
  const drop = async ({ role_name, role_set }: (typeof inherited)[number]) => {
    try {
      await disinherit(role_name);
      await refresh();
      done(t("inheritDropped", { name: role_name }), async () => {
        await inherit(role_name, role_set);
        await refresh();
      });
    } catch (error) {
      failed(error);
    }
  };
  if (inherited.length === 0 && !mayWrite) return null;
  return (
    <Card
      title={t("inherited")}
      actions={
        mayWrite && (
          <Button size="xs" variant="default" onClick={() => setOpen({})}>
            {t("inheritAdd")}
          </Button>
        )
      }
    >
      <p className="muted">{t("inheritedLead")}</p>
      {inherited.length > 0 && (
        <ul className="inherited">
          {inherited.map((one) => (
            <li key={one.role_name}>
              <span>
                <strong>{one.role_name}</strong> {t("madeOf", { roles: one.role_set.join(", ") })}
              </span>
              {mayWrite && (
                <span className="actions">
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    aria-label={t("inheritEditOf", { name: one.role_name })}
                    onClick={() => setOpen({ was: one })}
                  >
                    {t("change")}
                  </Button>
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    aria-label={t("inheritDropOf", { name: one.role_name })}
                    onClick={() => void drop(one)}
                  >
                    {t("removeIt")}
                  </Button>
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
      {open && <InheritedRole was={open.was} roles={roles} onClose={() => setOpen(undefined)} />}
    </Card>
  );
};
