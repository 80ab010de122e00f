import { SegmentedControl } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useEffect, useRef, useState } from "react";
import type { SignInExperience } from "../../../../../api/signInExperience.ts";
import { Card } from "../../../parts/Card.tsx";
import { t } from "./text.ts";

const screens = ["sign-in", "register"] as const;
const schemes = ["light", "dark"] as const;
/** What the page is looked at on, in its own pixels; it is drawn smaller where there is less room. */
const devices = { handset: { width: 375, height: 700 }, desktop: { width: 1280, height: 860 } } as const;
type Device = keyof typeof devices;

const Choice = <T extends string>({ name, of, value, onChange }: { name: string; of: readonly T[]; value: T; onChange: (value: T) => void }) => (
  <SegmentedControl
    size="xs"
    aria-label={name}
    value={value}
    onChange={(next) => onChange(next as T)}
    data={of.map((one) => ({ value: one, label: t(one as (typeof screens)[number] | (typeof schemes)[number] | Device) }))}
  />
);

/** The sign-in page itself, in a frame, with the settings as they stand in the form. It can be looked at, not used. */
export const Preview = ({ settings }: { settings: SignInExperience }) => {
  const frame = useRef<HTMLIFrameElement>(null);
  const { ref, width } = useElementSize();
  const [isReady, setReady] = useState(false);
  const [screen, setScreen] = useState<(typeof screens)[number]>("sign-in");
  const [scheme, setScheme] = useState<(typeof schemes)[number]>("light");
  const [device, setDevice] = useState<Device>("handset");
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
  const whole = devices[device];
  const scale = width > 0 ? Math.min(1, width / whole.width) : 0;
  return (
    <Card title={t("preview")}>
      <div className="actions lead-in">
        <Choice name={t("screen")} of={screens} value={screen} onChange={setScreen} />
        <Choice name={t("scheme")} of={schemes} value={scheme} onChange={setScheme} />
        <Choice name={t("device")} of={["handset", "desktop"]} value={device} onChange={setDevice} />
      </div>
      <div className="preview" ref={ref} style={{ height: whole.height * scale }}>
        <iframe
          ref={frame}
          src="/console/preview"
          title={t("previewTitle")}
          tabIndex={-1}
          inert
          style={{ ...whole, transform: `scale(${scale})`, marginLeft: (width - whole.width * scale) / 2 }}
        />
      </div>
    </Card>
  );
};
