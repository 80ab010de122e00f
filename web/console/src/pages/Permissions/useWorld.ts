import { useQuery } from "@tanstack/react-query";
import { describe } from "../../../../api/catalog.ts";
import { list, type Role } from "../../../../api/management.ts";
import { exportMetadata } from "../../../../api/metadata.ts";
import { useMay, useSession } from "../../session.tsx";

/** What all permission pages read: the metadata, a source's tables, and the roles the directory knows. */
export const useWorld = (sourceName: string | undefined) => {
  const { halves } = useSession();
  const readsAccess = useMay("access:read") && halves.identity;
  const metadata = useQuery({ queryKey: ["metadata"], queryFn: exportMetadata });
  const source = metadata.data?.metadata.sources?.find((one) => one.name === sourceName) ?? metadata.data?.metadata.sources?.[0];
  const tables = useQuery({
    queryKey: ["database", source?.name],
    queryFn: () => describe(source?.name ?? ""),
    enabled: source !== undefined,
  });
  const roles = useQuery({
    queryKey: ["roles", "names"],
    enabled: readsAccess,
    queryFn: async () => (await list<Role>("roles", { type: "User", page: 1, page_size: 100 })).items.map((role) => role.name),
  });
  return {
    metadata: metadata.data,
    source,
    tables: tables.data?.tables,
    directory: roles.data ?? [],
    error: metadata.error ?? tables.error,
    isWaiting: metadata.isPending || tables.isPending,
  };
};
