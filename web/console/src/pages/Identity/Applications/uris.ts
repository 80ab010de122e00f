const runByBrowsers = /^(javascript|data|vbscript|blob|file|about|filesystem|view-source):/i;

/** Whether an application may register this redirect URI: the server's rule, told before anything is sent. */
export const isRedirectUri = (value: string): boolean => {
  if (!/^[A-Za-z][A-Za-z0-9+.-]*:/.test(value) || runByBrowsers.test(value) || /[#\\\s]/.test(value)) return false;
  if (!/^https?:/i.test(value)) return !value.includes("*");
  const found = /^https?:\/\/([^/?]+)([^?]*)(.*)$/i.exec(value);
  if (!found) return false;
  const [, host = "", , query = ""] = found;
  if (host.includes("@") || query.includes("*")) return false;
  const [name = "", port = ""] = host.split(":");
  if (!name || port.includes("*")) return false;
  if (!name.includes("*")) return URL.canParse(value);
  const labels = name.split(".");
  return labels.length > 2 && !labels.slice(-2).join(".").includes("*");
};

/** An origin is scheme, host and port, and nothing else. */
export const isOrigin = (value: string): boolean => {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && url.origin === value.toLowerCase();
};
