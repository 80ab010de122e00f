import { texts } from "../text.ts";

export const t = texts("parts", {
  unreachable: "Gatehouse does not answer. Is it still running?",
  refused: "You may not do this. An owner of this Gatehouse can.",
  at: "at {path}",
  tryAgain: "Try again",
  unexpected: "Something went wrong on this page",
  copy: "Copy",
  copied: "Copied",
  copyOf: "Copy {name}",
  cancel: "Cancel",
  typeToConfirm: "Type {word} to confirm",
  done: "Done",
  failed: "That did not work",
});
