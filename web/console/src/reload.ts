// A newer Gatehouse has other files: a page opened before asks for chunks that are not there any more, and is loaded again then, at its own address. The
// router does so for the code of pages; this is for what a page loads later. Only once in a while, since a file may be missing for other reasons.
const key = "gatehouse-reloaded";
const pause = 60_000; // ms

/** Whether an error says that a chunk did not come, in the words of Chromium, Firefox, Safari and Vite. */
export const isMissingChunk = (error: unknown): boolean =>
  error instanceof Error &&
  /dynamically imported module|Importing a module script failed|Unable to preload CSS|error loading dynamically/i.test(error.message);

/** Whether to load the page again, given when that was done last. */
export const isTimeTo = (last: number, now: number): boolean => !(now - last < pause);

/** Loads the page again where that mends the error. */
export const reloadIfOutdated = (error: unknown): void => {
  const last = Number(sessionStorage.getItem(key) ?? Number.NaN);
  if (!isMissingChunk(error) || !navigator.onLine || !isTimeTo(last, Date.now())) return;
  sessionStorage.setItem(key, String(Date.now()));
  location.reload();
};
