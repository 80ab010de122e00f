import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect } from "react";
import { onSessionEnd } from "../../api/request.ts";
import { loadSession, type Operation, type SignedIn, type SignedOut } from "../../api/session.ts";

export const sessionKey = ["session"] as const;

/** Who is at the console; asked again when an answer says that the session has ended, and when the window is looked at again. */
export const useSessionQuery = () => {
  const client = useQueryClient();
  useEffect(() => onSessionEnd(() => void client.invalidateQueries({ queryKey: sessionKey })), [client]);
  return useQuery<SignedIn | SignedOut>({ queryKey: sessionKey, queryFn: loadSession, staleTime: 60_000, refetchOnWindowFocus: true });
};

const Context = createContext<SignedIn | undefined>(undefined);

export const SessionProvider = ({ session, children }: { session: SignedIn; children: ReactNode }) => <Context value={session}>{children}</Context>;

/** The session of whoever is signed in; pages are only shown then. */
export const useSession = (): SignedIn => {
  const session = useContext(Context);
  if (!session) throw new Error("useSession outside of a signed-in console");
  return session;
};

/** Whether an operation is worth offering. The server decides again. */
export const useMay = (operation: Operation): boolean => useSession().may.includes(operation);
