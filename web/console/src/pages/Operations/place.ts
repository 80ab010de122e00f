import type { Inconsistency } from "../../../../api/metadata.ts";
import { qualified } from "../Permissions/shapes.ts";

type Place = { to: string; params?: Record<string, string>; search?: Record<string, string> };

/** The page where what is inconsistent can be mended; undefined where there is none. */
export const placeOf = ({ type = "", definition }: Inconsistency): Place | undefined => {
  const { source = "default", table, role } = (typeof definition === "object" && definition !== null ? definition : {}) as Record<string, unknown>;
  const at = qualified(table);
  const permission = /^(select|insert|update|delete)_permission$/.exec(type);
  if (permission && at && typeof source === "string")
    return {
      to: "/permissions/$source/$schema/$table",
      params: { source, schema: at.schema, table: at.name },
      search: { operation: permission[1] ?? "", ...(typeof role === "string" && { role }) },
    };
  if (/relation/.test(type) && at && typeof source === "string")
    return { to: "/data/$source/$schema/$table/relationships", params: { source, schema: at.schema, table: at.name } };
  if (type === "table" && typeof source === "string") return { to: "/data/$source", params: { source } };
  if (/endpoint/.test(type)) return { to: "/graphql/rest" };
  return undefined;
};
