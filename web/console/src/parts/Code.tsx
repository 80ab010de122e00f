import { Copy } from "./Copy.tsx";
import "./code.css";

/** Text to copy from, as it is to be written elsewhere. */
export const Code = ({ name, text }: { name: string; text: string }) => (
  <div className="code">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
    <pre tabIndex={0}>{text}</pre>
    <Copy name={name} value={text} />
  </div>
);
