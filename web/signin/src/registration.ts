import type { Problem } from "./errors.ts";

/** What the two steps of registration tell each other beside the username, which is in the browser's history. The password is never kept. */
export const draft: { isAgreed: boolean; usernameProblem?: Problem | undefined } = { isAgreed: false };
