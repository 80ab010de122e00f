import { Button, Modal, TextInput } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Problem } from "./Problem.tsx";
import { t } from "./text.ts";

type Props = {
  isOpen: boolean;
  title: string;
  /** What will be gone, or what will change, plainly. */
  children: ReactNode;
  /** What the button does: "Delete the role". */
  action: string;
  /** Where the loss is large: what has to be typed first. */
  word?: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

/** Asks before what cannot be undone. It stays open on an error and says it. */
export const Confirm = ({ isOpen, title, children, action, word, onConfirm, onClose }: Props) => {
  const [typed, setTyped] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = () => {
    setTyped("");
    setError(undefined);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      close();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened={isOpen}
      onClose={() => !isBusy && close()}
      title={title}
      centered
      closeButtonProps={{ "aria-label": t("close"), disabled: isBusy }}
    >
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (!isBusy && (!word || typed === word)) void confirm();
        }}
      >
        <div>{children}</div>
        {word && (
          <TextInput
            label={t("typeToConfirm", { word })}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
        )}
        {error !== undefined && <Problem error={error} />}
        <div className="actions end">
          <Button variant="default" disabled={isBusy} onClick={close}>
            {t("cancel")}
          </Button>
          <Button type="submit" color="red" loading={isBusy} disabled={word !== undefined && typed !== word}>
            {action}
          </Button>
        </div>
      </form>
    </Modal>
  );
};
