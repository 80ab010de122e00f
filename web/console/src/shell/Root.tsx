import { Outlet, useRouterState } from "@tanstack/react-router";
import { Problem } from "../parts/Problem.tsx";
import { SessionProvider, useSessionQuery } from "../session.tsx";
import { Door } from "./Door.tsx";
import { Frame } from "./Frame.tsx";
import { SignIn } from "./SignIn.tsx";
import { t } from "./text.ts";
import { Waiting } from "./Waiting.tsx";

/** Decides what is shown at all: set-up and sign-in to who is not signed in, the console to who is. */
export const Root = () => {
  const path = useRouterState({ select: (state) => state.location.pathname });
  const { data: session, error, refetch } = useSessionQuery();
  if (path === "/setup") return <Outlet />;
  if (session?.signedIn)
    return (
      <SessionProvider session={session}>
        <Frame>
          <Outlet />
        </Frame>
      </SessionProvider>
    );
  if (session) return <SignIn session={session} />;
  if (error)
    return (
      <Door title={t("console")}>
        <Problem error={error} onRetry={() => void refetch()} />
      </Door>
    );
  return <Waiting />;
};
