import { Kbd, Modal } from "@mantine/core";
import { useEffect } from "react";
import { t } from "./text.ts";

const isMac = navigator.platform.startsWith("Mac");

/** What can be done by keyboard, wherever one is; the question mark shows it. */
export const Shortcuts = ({ isOpen, onOpen, onClose }: { isOpen: boolean; onOpen: () => void; onClose: () => void }) => {
  useEffect(() => {
    // By what is typed, not by where its key is: that differs between keyboards.
    const look = (event: KeyboardEvent) => {
      const isTyping =
        event.target instanceof Element && event.target.closest("input, textarea, select, [contenteditable], .monaco-editor, [role=grid]");
      if (event.key === "?" && !isTyping) onOpen();
    };
    document.addEventListener("keydown", look);
    return () => document.removeEventListener("keydown", look);
  }, [onOpen]);
  const mod = isMac ? "⌘" : t("ctrl");
  const lines: [string[], string][] = [
    [[mod, "K"], t("keySearch")],
    [["?"], t("keyHelp")],
    [[mod, t("enter")], t("keyRun")],
    [["Esc"], t("keyClose")],
  ];
  return (
    <Modal opened={isOpen} onClose={onClose} title={t("shortcuts")} closeButtonProps={{ "aria-label": t("close") }}>
      <dl className="shortcuts">
        {lines.map(([keys, what]) => (
          <div key={what}>
            <dt>
              {keys.map((one) => (
                <Kbd key={one}>{one}</Kbd>
              ))}
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </Modal>
  );
};
