const key = "gatehouse.admin-secret";

/** The admin secret, for as long as this tab lives. It is in no cookie and no lasting storage. */
export const keptSecret = () => sessionStorage.getItem(key) ?? undefined;
export const keepSecret = (secret: string) => sessionStorage.setItem(key, secret);
export const dropSecret = () => sessionStorage.removeItem(key);
