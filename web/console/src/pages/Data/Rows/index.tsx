import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useNavigate, useParams } from "@tanstack/react-router";
import type { Name } from "../../../../../api/catalog.ts";
import type { RowsSearch } from "../address.ts";
import { isEditable } from "../cells.ts";
import { TableFrame } from "../TableFrame.tsx";
import { Sheet } from "./Sheet.tsx";
import { t } from "./text.ts";

/** The rows of a table: looked through, edited, exported. */
const Rows = () => {
  const { source = "", schema = "", table = "" } = useParams({ strict: false }) as { source?: string; schema?: string; table?: string };
  const navigate = useNavigate();
  const name: Name = { schema, name: table };
  return (
    <TableFrame
      source={source}
      name={name}
      isWide
      actions={(one) =>
        isEditable(one) && (
          <Button
            size="xs"
            leftSection={<IconPlus size={14} aria-hidden="true" />}
            onClick={() =>
              void navigate({
                to: "/data/$source/$schema/$table",
                params: { source, schema, table },
                search: ((was: RowsSearch) => ({ ...was, insert: true })) as never,
              })
            }
          >
            {t("insert")}
          </Button>
        )
      }
    >
      {(one) => <Sheet key={`${source}.${schema}.${table}`} source={source} table={one} />}
    </TableFrame>
  );
};

export default Rows;
