/** Where in a text its nth character is, from 1 as Postgres counts them: some take two places in a JavaScript text. */
export const offsetOf = (text: string, position: number): number => [...text].slice(0, position - 1).join("").length;
