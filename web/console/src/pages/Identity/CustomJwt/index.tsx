import { Badge, Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { loadScripts, type TokenType } from "../../../../../api/customJwt.ts";
import { Card } from "../../../parts/Card.tsx";
import { Page } from "../../../parts/Page.tsx";
import { Problem } from "../../../parts/Problem.tsx";
import { useMay } from "../../../session.tsx";
import { t } from "./text.ts";
import "../identity.css";

const types: TokenType[] = ["access-token", "client-credentials"];

/** The scripts that add claims to tokens. */
const CustomJwt = () => {
  const mayWrite = useMay("settings");
  const { data, error, refetch } = useQuery({ queryKey: ["scripts"], queryFn: loadScripts });
  return (
    <Page title={t("title")} lead={t("lead")}>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      <div className="cards">
        {types.map((type) => (
          <Card
            key={type}
            title={t(type)}
            actions={
              data && (
                <Badge variant={data[type] ? "light" : "default"} color={data[type] ? "pine" : "gray"}>
                  {t(data[type] ? "active" : "none")}
                </Badge>
              )
            }
          >
            <p className="muted lead-in">{t(`${type}Hint`)}</p>
            <Button component={Link} to="/identity/custom-jwt/$type" params={{ type } as never} variant={data?.[type] ? "default" : "filled"}>
              {t(!mayWrite ? "look" : data?.[type] ? "edit" : "add")}
            </Button>
          </Card>
        ))}
      </div>
    </Page>
  );
};

export default CustomJwt;
