import { Navigate } from "@tanstack/react-router";
import { useSession } from "../../session.tsx";
import { NotFound } from "../../shell/NotFound.tsx";
import { sectionsFor } from "../../shell/sections.ts";

/** Leads to the first page of identity this session has use of. */
const Identity = () => {
  const first = sectionsFor(useSession()).find((section) => section.to === "/identity")?.pages?.[0];
  return first ? <Navigate to={first.to} replace /> : <NotFound />;
};

export default Identity;
