import { Alert, Button } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { ApiError, unreachable } from "../../../api/error.ts";
import { t } from "./text.ts";

/** An error in words: Gatehouse's own where it said some. */
export const wordsFor = (error: unknown): string => {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.code === unreachable) return t("unreachable");
  if (error.status === 403 && error.code === "auth.forbidden") return t("refused");
  const words = error.message || `${error.status} ${error.code}`;
  return error.path && error.path !== "$" ? `${words} (${t("at", { path: error.path })})` : words;
};

/** Tells of an error where its effect is, with a way to try again where there is one. */
export const Problem = ({ error, title, onRetry }: { error: unknown; title?: string; onRetry?: () => void }) => (
  <Alert color="red" icon={<IconAlertTriangle aria-hidden="true" />} title={title} role="alert" className="problem">
    <p>{wordsFor(error)}</p>
    {onRetry && !(error instanceof ApiError && error.status === 403) && (
      <Button size="xs" variant="default" onClick={onRetry}>
        {t("tryAgain")}
      </Button>
    )}
  </Alert>
);
