import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Empty } from "../parts/Empty.tsx";
import { Page } from "../parts/Page.tsx";
import { t } from "./text.ts";

export const NotFound = () => (
  <Page title={t("notFound")}>
    <Empty text={t("notFoundHint")}>
      <Button component={Link} to="/">
        {t("toHome")}
      </Button>
    </Empty>
  </Page>
);
