import { Checkbox, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { managementResource, type Resource, type RoleType } from "../../../../../api/management.ts";
import { loadResourcesWithScopes } from "../../../../../api/resources.ts";
import { Problem } from "../../../parts/Problem.tsx";
import { Waiting } from "../../../shell/Waiting.tsx";
import { t } from "./text.ts";
import "./pickers.css";

type Props = {
  type: RoleType;
  /** Permissions held already: shown as such, and not to be picked. */
  held?: ReadonlySet<string>;
  picked: string[];
  onChange: (picked: string[]) => void;
};

const matches = (resource: Resource, words: string) => {
  const scopes = resource.scopes ?? [];
  if (`${resource.name} ${resource.indicator}`.toLowerCase().includes(words)) return scopes;
  return scopes.filter(({ name, description }) => `${name} ${description ?? ""}`.toLowerCase().includes(words));
};

/** Picks permissions, by the API resource they belong to. The Management API's are for machines only. */
export const PermissionPicker = ({ type, held, picked, onChange }: Props) => {
  const query = useQuery({ queryKey: ["resources", "with scopes"], queryFn: loadResourcesWithScopes });
  const [words, setWords] = useState("");
  if (query.error) return <Problem error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Waiting />;
  const offered = query.data.filter(
    (resource) => (resource.scopes?.length ?? 0) > 0 && (type === "MachineToMachine" || resource.id !== managementResource),
  );
  if (offered.length === 0) return <p className="muted">{t("noPermissions")}</p>;
  const count = offered.reduce((sum, resource) => sum + (resource.scopes?.length ?? 0), 0);
  const chosen = new Set(picked);
  const toggle = (ids: string[], isOn: boolean) => {
    const next = new Set(picked);
    for (const id of ids) isOn ? next.add(id) : next.delete(id);
    onChange([...next]);
  };
  return (
    <div className="picker">
      {count > 8 && (
        <TextInput
          type="search"
          aria-label={t("findPermission")}
          placeholder={t("findPermission")}
          leftSection={<IconSearch size={16} aria-hidden="true" />}
          value={words}
          onChange={(event) => setWords(event.currentTarget.value)}
        />
      )}
      <div className="choices">
        {offered.map((resource) => {
          const scopes = matches(resource, words.trim().toLowerCase());
          const free = scopes.filter((scope) => !held?.has(scope.id)).map((scope) => scope.id);
          if (scopes.length === 0) return null;
          const isAll = free.length > 0 && free.every((id) => chosen.has(id));
          return (
            <fieldset key={resource.id}>
              <legend className="unseen">{resource.name}</legend>
              <Checkbox
                label={<strong>{resource.name}</strong>}
                description={resource.indicator}
                checked={isAll}
                indeterminate={!isAll && free.some((id) => chosen.has(id))}
                disabled={free.length === 0}
                onChange={(event) => toggle(free, event.currentTarget.checked)}
              />
              <div className="within">
                {scopes.map((scope) => (
                  <Checkbox
                    key={scope.id}
                    label={<code>{scope.name}</code>}
                    description={held?.has(scope.id) ? t("heldAlready") : scope.description || undefined}
                    checked={chosen.has(scope.id) || held?.has(scope.id) === true}
                    disabled={held?.has(scope.id)}
                    onChange={(event) => toggle([scope.id], event.currentTarget.checked)}
                  />
                ))}
              </div>
            </fieldset>
          );
        })}
      </div>
    </div>
  );
};
