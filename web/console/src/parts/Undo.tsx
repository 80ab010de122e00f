import { Button } from "@mantine/core";
import { t } from "./text.ts";

/** What was done, with the way back. */
export const Undo = ({ message, onUndo }: { message: string; onUndo: () => void }) => (
  <>
    <span>{message}</span>
    <Button size="compact-sm" variant="default" ml="sm" onClick={onUndo}>
      {t("undo")}
    </Button>
  </>
);
