import { IconCircle, IconCircleCheckFilled } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { type Application, list, type Resource, type Role } from "../../../../api/management.ts";
import { exportMetadata, rolesOf } from "../../../../api/metadata.ts";
import { useMay, useSession } from "../../session.tsx";
import { t } from "./text.ts";

type Step = { name: string; hint: string; isDone: boolean; to?: string };

/** What there is of something, asked only by who may know. */
const useCount = <T,>(path: string, isAsked: boolean, counts: (item: T) => boolean = () => true) =>
  useQuery({
    queryKey: ["first steps", path],
    enabled: isAsked,
    queryFn: async () => (await list<T>(path, { page: 1, page_size: 100 })).items.filter(counts).length,
  }).data ?? 0;

/** The first steps of a new Gatehouse, ticked by what is there; only those that this session can look at. */
export const Steps = ({ render }: { render: (done: number, count: number, steps: ReactNode) => ReactNode }) => {
  const { halves } = useSession();
  const readsMetadata = useMay("metadata:read") && halves.data;
  const readsAccess = useMay("access:read") && halves.identity;
  const readsUsers = useMay("users:read") && halves.identity;
  const metadata = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata, enabled: readsMetadata }).data?.metadata;
  const resources = useCount<Resource>("resources", readsAccess, (resource) => !resource.indicator.endsWith(".logto.app/api"));
  const roles = useCount<Role>("roles", readsAccess, (role) => role.type === "User" && role.name !== "admin");
  const applications = useCount<Application>("applications", readsAccess);
  const users = useCount("users", readsUsers);

  const steps: Step[] = [];
  if (readsMetadata)
    steps.push(
      {
        name: t("stepTable"),
        hint: t("stepTableHint"),
        isDone: (metadata?.sources ?? []).some((source) => (source.tables ?? []).length > 0),
        to: "/data",
      },
      { name: t("stepPermission"), hint: t("stepPermissionHint"), isDone: metadata !== undefined && rolesOf(metadata).length > 0 },
    );
  if (readsAccess)
    steps.push(
      { name: t("stepResource"), hint: t("stepResourceHint"), to: "/identity/resources", isDone: resources > 0 },
      { name: t("stepRole"), hint: t("stepRoleHint"), to: "/identity/roles", isDone: roles > 0 },
      { name: t("stepApplication"), hint: t("stepApplicationHint"), to: "/identity/applications", isDone: applications > 0 },
    );
  if (readsUsers) steps.push({ name: t("stepUser"), hint: t("stepUserHint"), to: "/identity/users", isDone: users > 1 });
  if (steps.length === 0) return null;
  return render(
    steps.filter((step) => step.isDone).length,
    steps.length,
    <ol className="steps">
      {steps.map((step) => (
        <li key={step.name} className={step.isDone ? "done" : ""}>
          {step.isDone ? <IconCircleCheckFilled size={20} aria-hidden="true" /> : <IconCircle size={20} aria-hidden="true" />}
          <div>
            <strong>
              {step.to && !step.isDone ? <Link to={step.to}>{step.name}</Link> : step.name}
              <span className="unseen">{step.isDone ? ` (${t("done")})` : ""}</span>
            </strong>
            <p>{step.hint}</p>
          </div>
        </li>
      ))}
    </ol>,
  );
};
