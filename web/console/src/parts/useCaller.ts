import { useQuery } from "@tanstack/react-query";
import { loadCaller } from "../../../api/callers.ts";
import { useSession } from "../session.tsx";

/** What a user is to the data API now; asked again whenever somebody looks. */
export const useCaller = (userId: string | undefined) =>
  useQuery({ queryKey: ["caller", userId], queryFn: () => loadCaller(userId ?? ""), enabled: userId !== undefined, retry: false });

/** Whether there are users to pick from: who sees them, and may ask as they would. */
export const useMayPick = () => {
  const { may, halves } = useSession();
  return halves.identity && may.includes("users:read") && may.includes("graphql");
};
