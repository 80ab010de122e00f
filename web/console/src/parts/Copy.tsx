import { ActionIcon, CopyButton, Tooltip } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { t } from "./text.ts";

/** Copies a value; `name` says of what, to those who cannot see where it stands. */
export const Copy = ({ name, value }: { name: string; value: string }) => (
  <CopyButton value={value} timeout={1500}>
    {({ copied, copy }) => (
      <Tooltip label={copied ? t("copied") : t("copy")} withArrow>
        <ActionIcon variant="subtle" color="gray" size="sm" onClick={copy} aria-label={copied ? t("copied") : t("copyOf", { name })}>
          {copied ? <IconCheck size={15} aria-hidden="true" /> : <IconCopy size={15} aria-hidden="true" />}
        </ActionIcon>
      </Tooltip>
    )}
  </CopyButton>
);
