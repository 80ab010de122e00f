const key = "gatehouse-recent";
const most = 5;

/** What was gone to by the palette last, newest first, by the addresses. */
export const recent = (): string[] => {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(list) ? list.filter((one) => typeof one === "string").slice(0, most) : [];
  } catch {
    return [];
  }
};

export const remember = (id: string) => {
  try {
    localStorage.setItem(key, JSON.stringify([id, ...recent().filter((one) => one !== id)].slice(0, most)));
  } catch {
    // this browser keeps nothing
  }
};
