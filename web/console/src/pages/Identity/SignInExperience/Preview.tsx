import { SegmentedControl } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import type { SignInExperience } from "../../../../../api/signInExperience.ts";
import { Card } from "../../../parts/Card.tsx";
import { t } from "./text.ts";

/** The sign-in page itself, in a frame, with the settings as they stand in the form. It can be looked at, not used. */
export const Preview = ({ settings }: { settings: SignInExperience }) => {
  const frame = useRef<HTMLIFrameElement>(null);
  const [isReady, setReady] = useState(false);
  const [screen, setScreen] = useState<"sign-in" | "register">("sign-in");
  const [scheme, setScheme] = useState<"light" | "dark">("light");
  useEffect(() => {
    const listen = ({ source, origin }: MessageEvent) => {
      if (origin === location.origin && source === frame.current?.contentWindow) setReady(true);
    };
    addEventListener("message", listen);
    return () => removeEventListener("message", listen);
  }, []);
  useEffect(() => {
    if (isReady) frame.current?.contentWindow?.postMessage({ settings, screen, scheme }, location.origin);
  }, [isReady, settings, screen, scheme]);
  return (
    <Card
      title={t("preview")}
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label={t("screen")}
            value={screen}
            onChange={(value) => setScreen(value as typeof screen)}
            data={[
              { value: "sign-in", label: t("signInScreen") },
              { value: "register", label: t("registerScreen") },
            ]}
          />
          <SegmentedControl
            size="xs"
            aria-label={t("scheme")}
            value={scheme}
            onChange={(value) => setScheme(value as typeof scheme)}
            data={[
              { value: "light", label: t("light") },
              { value: "dark", label: t("dark") },
            ]}
          />
        </>
      }
    >
      <div className="preview">
        <iframe ref={frame} src="/console/preview" title={t("previewTitle")} tabIndex={-1} inert />
      </div>
    </Card>
  );
};
