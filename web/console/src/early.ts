// Before the first painting: the question who is there, so that its answer comes while the rest of the script does, and the colours the reader chose, so
// that a dark page is never white first. Built into a file of its own (vite/beginning.ts); it imports nothing.

// Taken by api/session.ts. Its failure is met there; here it must not be an unhandled one.
const answer = fetch("/console/api/session", { cache: "no-store", credentials: "same-origin" });
answer.catch(() => {});
(window as { gatehouseSession?: Promise<Response> }).gatehouseSession = answer;

try {
  const chosen = localStorage.getItem("gatehouse-scheme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // This browser keeps nothing: the system's colours.
}

export {};
