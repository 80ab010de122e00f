import type { NewUser } from "../../../../../api/users.ts";
import { wrongOf } from "./rules.ts";
import { t } from "./text.ts";

/** One user of a file: where it stands there, what would be sent, and what is wrong with it. */
export type Row = { line: number; name: string; user: NewUser; problem?: string };

/** Algorithms of password hashes that Gatehouse verifies, by every spelling that is understood. */
const algorithms: Record<string, string> = {
  argon2i: "Argon2i",
  argon2id: "Argon2id",
  argon2d: "Argon2d",
  sha1: "SHA1",
  sha256: "SHA256",
  md5: "MD5",
  bcrypt: "Bcrypt",
  legacy: "Legacy",
};

/** Columns of a CSV file by what others call them, lower case without spaces, dashes and underscores. */
const columns: Record<string, keyof NewUser> = {
  username: "username",
  login: "username",
  email: "primaryEmail",
  emailaddress: "primaryEmail",
  primaryemail: "primaryEmail",
  phone: "primaryPhone",
  phonenumber: "primaryPhone",
  primaryphone: "primaryPhone",
  name: "name",
  fullname: "name",
  displayname: "name",
  avatar: "avatar",
  picture: "avatar",
  password: "password",
  passworddigest: "passwordDigest",
  passwordhash: "passwordDigest",
  passwordalgorithm: "passwordAlgorithm",
  hashalgorithm: "passwordAlgorithm",
  passwordencryptionmethod: "passwordAlgorithm",
  customdata: "customData",
  profile: "profile",
};

/** What a hash says about itself: the forms of PHC strings and of crypt(3). */
const algorithmOf = (digest: string): string | undefined => {
  const found = /^\$(argon2(?:id|i|d))\$/.exec(digest)?.[1];
  if (found) return algorithms[found];
  return /^\$2[abxy]?\$/.test(digest) ? "Bcrypt" : undefined;
};

/** Splits a CSV text (RFC 4180; a semicolon or a tab where the first line has no comma) into records with their lines. */
export const parseCsv = (text: string): { line: number; cells: string[] }[] => {
  const source = text.replace(/^\uFEFF/, "");
  const head = source.split(/\r?\n/, 1)[0] ?? "";
  const separator = [",", ";", "\t"].find((mark) => head.includes(mark)) ?? ",";
  const records: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  let line = 1;
  let begin = 1;
  const end = () => {
    cells.push(cell);
    if (cells.some((one) => one.trim() !== "")) records.push({ line: begin, cells });
    cells = [];
    cell = "";
    begin = line + 1;
  };
  for (let i = 0; i < source.length; i++) {
    const mark = source[i];
    if (isQuoted) {
      if (mark === '"' && source[i + 1] === '"') {
        cell += '"';
        i++;
      } else if (mark === '"') isQuoted = false;
      else cell += mark;
      if (mark === "\n") line++;
    } else if (mark === '"' && cell === "") isQuoted = true;
    else if (mark === separator) {
      cells.push(cell);
      cell = "";
    } else if (mark === "\n") {
      end();
      line++;
    } else if (mark !== "\r") cell += mark;
  }
  end();
  return records;
};

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);

/** Makes a row of what a record says, by the names of the Management API. */
const rowOf = (line: number, given: Record<string, unknown>): Row => {
  const user: NewUser = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    const field = columns[key.toLowerCase().replace(/[\s_-]/g, "")];
    if (!field || value === null || value === undefined || value === "") continue;
    if (field === "customData" || field === "profile") {
      let object: unknown = value;
      if (typeof value === "string")
        try {
          object = JSON.parse(value);
        } catch {
          object = undefined;
        }
      if (isObject(object)) user[field] = object;
      else problems.push(t("notJson", { field: key }));
    } else user[field] = field === "primaryPhone" ? String(value).replace(/[\s()+-]/g, "") : String(value).trim();
  }
  if (user.passwordDigest) {
    const said = user.passwordAlgorithm;
    const known = said ? algorithms[said.toLowerCase().replace(/[^a-z0-9]/g, "")] : algorithmOf(user.passwordDigest);
    if (known) user.passwordAlgorithm = known;
    else problems.push(said ? t("unknownAlgorithm", { name: said }) : t("whichAlgorithm"));
  } else delete user.passwordAlgorithm;
  if (user.passwordDigest && user.password) problems.push(t("twoPasswords"));
  if (!user.username && !user.primaryEmail && !user.primaryPhone) problems.push(t("oneIdentifier"));
  problems.push(...Object.values(wrongOf(user)));
  const name = user.username ?? user.primaryEmail ?? user.primaryPhone ?? user.name ?? "";
  return { line, name, user, ...(problems.length > 0 && { problem: problems.join(" ") }) };
};

/** Two of a file that claim the same identifier: the later one could only fail. */
const markRepeated = (rows: Row[]) => {
  for (const field of ["username", "primaryEmail", "primaryPhone"] as const) {
    const seen = new Map<string, number>();
    for (const row of rows) {
      const value = row.user[field]?.toLowerCase();
      if (!value) continue;
      const first = seen.get(value);
      if (first !== undefined) row.problem ??= t("repeated", { value: row.user[field] ?? "", line: first });
      else seen.set(value, row.line);
    }
  }
  return rows;
};

/** Reads a file of users: JSON (a list, or an object with the list under "users") or CSV with a heading. Throws what is wrong with the whole. */
export const readUsers = (text: string): Row[] => {
  const trimmed = text.replace(/^\uFEFF/, "").trim();
  if (trimmed === "") throw new Error(t("emptyFile"));
  if (/^[[{]/.test(trimmed)) {
    let parsed: unknown;
    try {
      parsed = JSON.parse(trimmed);
    } catch (error) {
      // One object per line: JSON Lines.
      try {
        parsed = trimmed.split(/\r?\n/).map((line) => JSON.parse(line));
      } catch {
        throw new Error(t("badJson", { problem: error instanceof Error ? error.message : String(error) }));
      }
    }
    const list = isObject(parsed) ? (Array.isArray(parsed.users) ? parsed.users : [parsed]) : parsed;
    if (!Array.isArray(list) || !list.every(isObject)) throw new Error(t("noList"));
    return markRepeated(list.map((entry, index) => rowOf(index + 1, entry)));
  }
  const [heading, ...records] = parseCsv(trimmed);
  const names = heading?.cells.map((cell) => cell.trim()) ?? [];
  if (!names.some((name) => ["username", "primaryEmail", "primaryPhone"].includes(columns[name.toLowerCase().replace(/[\s_-]/g, "")] ?? "")))
    throw new Error(t("noColumns"));
  return markRepeated(records.map(({ line, cells }) => rowOf(line, Object.fromEntries(names.map((name, index) => [name, cells[index] ?? ""])))));
};

/** Does `work` for each item, some at a time; `stop` ends it before the next. */
export const inTurn = async <T>(items: T[], atOnce: number, work: (item: T) => Promise<void>, stop: AbortSignal): Promise<void> => {
  let next = 0;
  const worker = async () => {
    while (next < items.length && !stop.aborted) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
};
