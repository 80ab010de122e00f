/** Whether two values are written alike as JSON: what is stored, and what a form has made of it. */
export const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
