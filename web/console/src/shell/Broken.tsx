import { useEffect } from "react";
import { Problem } from "../parts/Problem.tsx";
import { reloadIfOutdated } from "../reload.ts";

/** What stands in the place of a page that failed. */
export const Broken = ({ error }: { error: unknown }) => {
  useEffect(() => reloadIfOutdated(error), [error]);
  return (
    <div className="page">
      <Problem error={error} onRetry={() => location.reload()} />
    </div>
  );
};
