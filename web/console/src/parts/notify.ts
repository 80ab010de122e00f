import { notifications } from "@mantine/notifications";
import { wordsFor } from "./Problem.tsx";
import { t } from "./text.ts";

/** Says that something was done. */
export const done = (message: string) => notifications.show({ message, color: "pine", autoClose: 4000 });

/** Says that something failed whose form is no longer there to say it. */
export const failed = (error: unknown) => notifications.show({ title: t("failed"), message: wordsFor(error), color: "red", autoClose: 10_000 });
