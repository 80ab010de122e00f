import { Button, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { Problem } from "./Problem.tsx";
import { t } from "./text.ts";
import type { Form } from "./useForm.ts";

type Props = {
  isOpen: boolean;
  title: string;
  lead?: ReactNode;
  /** What the button does: "Create role". */
  action: string;
  form: Form;
  size?: string;
  isOff?: boolean;
  onClose: () => void;
  children: ReactNode;
};

/** A form in a dialog of its own. It stays open on an error and says it; nothing typed is lost but by closing it. */
export const FormDialog = ({ isOpen, title, lead, action, form, size = "md", isOff, onClose, children }: Props) => (
  <Modal
    opened={isOpen}
    onClose={onClose}
    title={title}
    size={size}
    closeOnClickOutside={!form.isDirty}
    closeButtonProps={{ "aria-label": t("close") }}
  >
    <form ref={form.element} className="stack" style={{ marginTop: 0 }} onSubmit={form.submit} noValidate>
      {lead && <p className="muted">{lead}</p>}
      {form.error !== undefined && <Problem error={form.error} />}
      {children}
      <div className="actions end">
        <Button variant="default" onClick={onClose}>
          {t("cancel")}
        </Button>
        <Button type="submit" loading={form.isBusy} disabled={isOff}>
          {action}
        </Button>
      </div>
    </form>
  </Modal>
);
