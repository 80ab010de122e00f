import { Button } from "@mantine/core";
import { Leaving } from "./Leaving.tsx";
import { Problem } from "./Problem.tsx";
import { t } from "./text.ts";
import type { Form } from "./useForm.ts";
import "./form.css";

const tabOf = (search: unknown) => (search as { tab?: string }).tab;

/**
 * Stands at the foot of a form once something is changed: keep it or take it back. Nobody leaves with changes unasked, neither the page nor the form's
 * tab; `isAcrossTabs` says that the form is on all of them.
 */
export const SaveBar = ({ form, isAcrossTabs }: { form: Form; isAcrossTabs?: boolean }) => (
  <>
    {form.error !== undefined && <Problem error={form.error} />}
    {form.isDirty && (
      <section className="savebar" aria-label={t("unsaved")}>
        <span>{t("unsaved")}</span>
        <Button variant="default" size="sm" onClick={form.reset}>
          {t("discard")}
        </Button>
        <Button type="submit" size="sm" loading={form.isBusy}>
          {t("save")}
        </Button>
      </section>
    )}
    <Leaving
      isDirty={form.isDirty && !form.isBusy}
      isAway={(here, there) => here.pathname !== there.pathname || (!isAcrossTabs && tabOf(here.search) !== tabOf(there.search))}
    />
  </>
);
