/** Amounts as a person says them. */

export const counted = (many: number, what: string) => `${many} ${what}${many === 1 ? "" : "s"}`;

export const megabytes = (bytes: number) =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;

/** No more exact than an estimate is. */
export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.max(5, 5 * Math.round(seconds / 5))} seconds`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}

/** The last part of a path, of Windows too. */
export const nameOf = (path: string) => path.split(/[\\/]/).filter(Boolean).at(-1) ?? path;
