/** Units of a span of time, in seconds. */
export const units = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const;
export type Unit = keyof typeof units;

/** The largest unit a number of seconds is a whole number of. */
export const unitOf = (seconds: number): Unit =>
  (["days", "hours", "minutes"] as const).find((unit) => seconds > 0 && seconds % units[unit] === 0) ?? "seconds";
