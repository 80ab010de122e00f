import { useBlocker } from "@tanstack/react-router";
import { Confirm } from "./confirm.tsx";
import { t } from "./text.ts";

type Place = { pathname: string; search: unknown };
type Props = {
  /** Whether there is something to lose. */
  isDirty: boolean;
  /** Whether the way leads away from it; to another page, where nothing else is said. */
  isAway?: (here: Place, there: Place) => boolean;
};

const toAnotherPage = (here: Place, there: Place) => here.pathname !== there.pathname;

/** Asks before somebody leaves with changes that are kept nowhere. */
export const Leaving = ({ isDirty, isAway = toAnotherPage }: Props) => {
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && isAway(current, next),
    enableBeforeUnload: () => isDirty,
    withResolver: true,
  });
  return (
    <Confirm
      isOpen={leaving.status === "blocked"}
      title={t("leaveTitle")}
      action={t("leave")}
      onConfirm={async () => leaving.proceed?.()}
      onClose={() => leaving.reset?.()}
    >
      {t("leaveText")}
    </Confirm>
  );
};
