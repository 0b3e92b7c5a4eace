/** What a person has changed and not saved, kept in the browser so that it survives a reload; never sent anywhere. */

const PREFIX = "unbake ";

/** What was kept under a key; undefined where nothing is, or the browser keeps nothing. */
export function kept(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + key) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value under a key, or forgets it where it is empty. */
export function keep(key: string, value: object): void {
  try {
    if (Object.keys(value).length) localStorage.setItem(PREFIX + key, JSON.stringify(value));
    else localStorage.removeItem(PREFIX + key);
  } catch {
    // A browser that keeps nothing for this page: then a reload begins anew.
  }
}
