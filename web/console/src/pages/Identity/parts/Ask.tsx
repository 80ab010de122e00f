import { type ReactNode, useRef } from "react";
import { Confirm } from "../../../parts/confirm.tsx";
import { done } from "../../../parts/notify.ts";

type Props<T> = {
  /** The one of several it is about; closed where there is none. */
  about: T | undefined;
  title: (one: T) => string;
  action: string;
  text: (one: T) => ReactNode;
  /** What is said once it is done. */
  said: (one: T) => string;
  onConfirm: (one: T) => Promise<unknown>;
  onClose: () => void;
};

/** Asks before what cannot be undone happens to one of several. */
export const Ask = <T,>({ about, title, action, text, said, onConfirm, onClose }: Props<T>) => {
  const last = useRef(about);
  if (about !== undefined) last.current = about; // its name stays while the dialog fades
  const one = last.current;
  if (one === undefined) return null;
  const confirm = async () => {
    await onConfirm(one);
    done(said(one));
  };
  return (
    <Confirm isOpen={about !== undefined} title={title(one)} action={action} onConfirm={confirm} onClose={onClose}>
      {text(one)}
    </Confirm>
  );
};
