import { NativeSelect } from "@mantine/core";
import { t } from "./text.ts";

/** Picks the source where there is more than one. */
export const SourceSelect = ({ names, source, onChange }: { names: string[]; source: string | undefined; onChange: (source: string) => void }) =>
  names.length > 1 ? (
    <NativeSelect size="xs" aria-label={t("source")} data={names} value={source} onChange={(event) => onChange(event.currentTarget.value)} />
  ) : null;
