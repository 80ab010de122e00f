import type { Read, Rows } from "../../../../../api/catalog.ts";
import type { Spot } from "../address.ts";

export const sizes = [50, 200, 1000];

/** What is read of a table on the page at a spot. A place in the order is as quick to find at the end of a table as at its beginning. */
export const readAt = (spot: Spot, size: number): Pick<Read, "limit" | "offset" | "after" | "before" | "last"> =>
  spot.after
    ? { limit: size, after: spot.after }
    : spot.before
      ? { limit: size, before: spot.before }
      : spot.end
        ? { limit: size, last: true }
        : { limit: size, offset: spot.from ?? 0 };

/** How many rows stand ahead of the page; undefined where that is not known. */
export const aheadOf = (spot: Spot, shown: number, total: number | undefined): number | undefined =>
  spot.end ? (total === undefined ? undefined : total - shown) : spot.after || spot.before ? spot.from : (spot.from ?? 0);

type Shown = Pick<Rows, "rows" | "first" | "last">;

/** The page behind; undefined where this is the last. `total` is known exactly or undefined. */
export const nextSpot = (spot: Spot, answer: Shown, size: number, total: number | undefined): Spot | undefined => {
  const shown = answer.rows.length;
  const ahead = aheadOf(spot, shown, total);
  if (spot.end || shown === 0) return undefined;
  if (ahead !== undefined && total !== undefined ? ahead + shown >= total : !spot.before && shown < size) return undefined;
  const from = ahead === undefined ? undefined : ahead + shown;
  return answer.last ? { after: answer.last, from } : { from: from ?? 0 };
};

/** The page ahead; undefined where this is the first. */
export const previousSpot = (spot: Spot, answer: Shown, size: number, total: number | undefined): Spot | undefined => {
  const ahead = aheadOf(spot, answer.rows.length, total);
  if (ahead === 0) return undefined;
  if (ahead !== undefined && ahead <= size) return {};
  if (!answer.first) return ahead === undefined ? {} : { from: ahead - size };
  // Fewer rows than were asked for ahead of a place: the table begins with them.
  if (spot.before && ahead === undefined && answer.rows.length < size) return undefined;
  return { before: answer.first, from: ahead === undefined ? undefined : ahead - size };
};

/** The page of a number, counted from 1. */
export const spotOfPage = (page: number, size: number): Spot => (page <= 1 ? {} : { from: (page - 1) * size });
