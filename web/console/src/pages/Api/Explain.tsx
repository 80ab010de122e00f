import { Modal } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { explain } from "../../../../api/operations.ts";
import { Code } from "../../parts/Code.tsx";
import { Problem } from "../../parts/Problem.tsx";
import { Waiting } from "../../shell/Waiting.tsx";
import { t } from "./text.ts";

type Props = { query: string; variables: string; user: Record<string, string>; onClose: () => void };

/** How the operation in the editor is answered: the SQL of each field and Postgres' plan for it. */
export const Explain = ({ query, variables, user, onClose }: Props) => {
  const { data, error } = useQuery({
    queryKey: ["explain", query, variables, user],
    queryFn: () => explain(query, variables.trim() ? (JSON.parse(variables) as Record<string, unknown>) : {}, user),
    retry: false,
    gcTime: 0,
  });
  return (
    <Modal opened onClose={onClose} title={t("explainTitle")} size="xl" closeButtonProps={{ "aria-label": t("close") }}>
      {error ? (
        <Problem error={error} />
      ) : data ? (
        data.map((one) => (
          <section key={one.field} className="explained" aria-label={t("explainField", { name: one.field })}>
            <h3>{t("explainField", { name: one.field })}</h3>
            {one.sql && <Code name={t("sql")} text={one.sql} />}
            {one.plan && <Code name={t("plan")} text={one.plan.join("\n")} />}
          </section>
        ))
      ) : (
        <Waiting />
      )}
    </Modal>
  );
};
