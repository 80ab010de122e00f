import { notifications } from "@mantine/notifications";
import { createElement } from "react";
import { wordsFor } from "./Problem.tsx";
import { t } from "./text.ts";
import { Undo } from "./Undo.tsx";

const closeButtonProps = { "aria-label": t("close") };

/** Says that something was done; `undo` takes it back, while the note is there. */
export const done = (message: string, undo?: () => Promise<unknown>) => {
  if (!undo) {
    notifications.show({ message, color: "pine", autoClose: 4000, closeButtonProps });
    return;
  }
  const takeBack = async () => {
    notifications.hide(id);
    try {
      await undo();
      done(t("undone"));
    } catch (error) {
      failed(error);
    }
  };
  const id = notifications.show({
    message: createElement(Undo, { message, onUndo: () => void takeBack() }),
    color: "pine",
    autoClose: 10_000,
    closeButtonProps,
  });
};

/** Says that something failed whose form is no longer there to say it. */
export const failed = (error: unknown) =>
  notifications.show({ title: t("failed"), message: wordsFor(error), color: "red", autoClose: 10_000, closeButtonProps });
