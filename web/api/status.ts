/** Health as /healthz tells it: up and "OK", up with a warning ("WARN: inconsistent objects in schema"), or not up. */
export type Health = { isUp: boolean; text: string };

export const loadHealth = async (): Promise<Health> => {
  try {
    const response = await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(30_000) });
    return { isUp: response.ok, text: (await response.text()).trim().slice(0, 120) };
  } catch {
    return { isUp: false, text: "no answer" };
  }
};
