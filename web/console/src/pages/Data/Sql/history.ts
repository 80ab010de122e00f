// What was run, kept in this browser, newest first. Statements that name a password or a secret are not kept.

const key = "gatehouse-sql-history";
const most = 50;

export type Ran = { sql: string; source: string; at: number };

const isSecret = (sql: string) => /password|secret|token|encrypted|private[_ ]key/i.test(sql);

export const readHistory = (): Ran[] => {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(list) ? list.filter((one): one is Ran => typeof one?.sql === "string" && typeof one.source === "string") : [];
  } catch {
    return [];
  }
};

export const remember = (sql: string, source: string): Ran[] => {
  const text = sql.trim();
  const was = readHistory();
  if (!text || isSecret(text) || text.length > 20_000) return was;
  const next = [{ sql: text, source, at: Date.now() }, ...was.filter((one) => one.sql !== text)].slice(0, most);
  try {
    localStorage.setItem(key, JSON.stringify(next));
  } catch {
    // a full or forbidden storage keeps nothing
  }
  return next;
};

export const forgetHistory = () => localStorage.removeItem(key);
