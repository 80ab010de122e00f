import { Loader } from "@mantine/core";
import { useEffect, useState } from "react";
import { t } from "./text.ts";

/** Stands where something is loaded: nothing for the blink most loads take, then a sign of life. */
export const Waiting = () => {
  const [isLong, setLong] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLong(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div className="waiting" role="status">
      {isLong && (
        <>
          <Loader size="sm" aria-hidden="true" /> <span>{t("loading")}</span>
        </>
      )}
    </div>
  );
};
