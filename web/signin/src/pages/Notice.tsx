import { useEffect, useRef } from "preact/hooks";
import { type Settings, webAddress } from "../settings.ts";

/** A screen on which nothing can be typed: what happened, and the way out. */
export const Notice = ({ settings, phrases }: { settings: Settings; phrases: { title: string; text: string; back: string } }) => {
  const title = useRef<HTMLHeadingElement>(null);
  useEffect(() => title.current?.focus(), []);
  const home = webAddress(settings.unknownSessionRedirectUrl);
  return (
    <div class="notice">
      <h1 ref={title} tabIndex={-1}>
        {phrases.title}
      </h1>
      <p class="lead">{phrases.text}</p>
      {home ? (
        <a class="primary" href={home}>
          {phrases.back}
        </a>
      ) : (
        history.length > 1 && (
          <button class="primary" type="button" onClick={() => history.back()}>
            {phrases.back}
          </button>
        )
      )}
    </div>
  );
};
