import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { onReach } from "../../../api/request.ts";
import { loadHealth } from "../../../api/status.ts";
import { t } from "./text.ts";

/**
 * Says that Gatehouse does not answer, from the first request that got none until one does; then what is shown is asked for again. While it is away, it
 * is asked every two seconds, and at once when the browser has a network again.
 */
export const Connection = () => {
  const client = useQueryClient();
  const [isAway, setAway] = useState(false);
  const [outage, setOutage] = useState(0);
  const away = useRef(false);
  const leave = useCallback(() => {
    if (away.current) return;
    away.current = true;
    setAway(true);
    setOutage((count) => count + 1);
  }, []);
  const back = useCallback(() => {
    if (!away.current) return;
    away.current = false;
    setAway(false);
    void client.invalidateQueries();
  }, [client]);
  useEffect(() => onReach((isReached) => (isReached ? back() : leave())), [back, leave]);
  useEffect(() => {
    window.addEventListener("offline", leave);
    return () => window.removeEventListener("offline", leave);
  }, [leave]);
  const { data } = useQuery({
    queryKey: ["reach", outage], // the answer that ended another outage does not end this one
    queryFn: loadHealth,
    enabled: isAway,
    refetchInterval: 2_000,
    refetchOnReconnect: "always",
    networkMode: "always",
    gcTime: 0,
  });
  const isBack = isAway && data?.isUp === true;
  useEffect(() => {
    if (isBack) back();
  }, [isBack, back]);
  return (
    <div role="status" className={isAway ? "away" : "unseen"}>
      {isAway && t("away")}
    </div>
  );
};
