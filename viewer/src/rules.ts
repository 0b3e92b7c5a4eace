/**
 * The rules of a conversion with the sliders' values, as the text of a fresh `unbake.toml` to download.
 *
 * The grammar is that of unbake/export/adjust.py. Where the page is served, Python edits the file itself instead
 * (unbake/export/rules_file.py), and so keeps its comments.
 */
import type { Changes, Hint, MapName, Override, Tuning } from "./contract.ts";

export type Said = Partial<Record<MapName, Tuning>>;

/** The file's values and hints for every texture, then its rules for some. */
export interface Rules {
  changes: Changes;
  hint: Hint;
  overrides: readonly Override[];
}

/** The same, to be changed. */
export interface Changed extends Rules {
  overrides: Override[];
}

/** The rules with these values for the texture of this name, in a rule of its own that comes last, or for all (null). */
export function withChanges(rules: Rules, said: Said, name: string | null): Changed {
  const added = changesOf(said);
  if (name === null) return { ...rules, changes: { ...rules.changes, ...added }, overrides: [...rules.overrides] };
  return withRule(rules, pattern(name), (own) => ({ ...own, changes: { ...own.changes, ...added } }));
}

/** The rules with these hints for the texture of this name, or for all of its folder; a null is said no longer. */
export function withHints(
  rules: Rules,
  said: Record<string, boolean | string | number | null>,
  name: string,
  folder: boolean,
): Changed {
  return withRule(rules, folder ? folderPattern(name) : pattern(name), (own) => ({
    ...own,
    hint: spoken({ ...own.hint, ...said }),
  }));
}

/** The rules with the rule of a pattern changed and put behind all others, so that none overrides it. */
function withRule(rules: Rules, match: string, change: (own: Override) => Override): Changed {
  const own = rules.overrides.findLast((rule) => rule.match === match);
  const others = rules.overrides.filter((rule) => rule !== own);
  return { ...rules, overrides: [...others, change(own ?? { match, changes: {}, hint: {} })] };
}

/** Without what is not said. */
export function spoken(said: Record<string, boolean | string | number | null>): Hint {
  return Object.fromEntries(
    Object.entries(said).filter((pair): pair is [string, boolean | string | number] => pair[1] !== null),
  );
}

/** The values of the sliders as a rule writes them. */
export function changesOf(said: Said): Changes {
  return Object.fromEntries(
    Object.entries(said).map(([name, { strength, bias, invert }]) => [
      name,
      { strength: rounded(strength), ...(name === "normal" ? {} : { bias: rounded(bias) }), invert },
    ]),
  );
}

/** The text of a file of rules. */
export function rulesText({ changes, hint, overrides }: Rules): string {
  const rules = overrides.map((rule) => ["[[rules]]", `match = ${quoted(rule.match)}`, ...lines(rule)]);
  return [["# Written by unbake view.", ...lines({ changes, hint })], ...rules].map((block) => `${block.join("\n")}\n`).join("\n");
}

/** A pattern that matches this name alone: unbake matches as fnmatch does. */
export function pattern(name: string): string {
  return name.replace(/[[*?]/g, "[$&]");
}

/** A pattern that matches all names in the folder of this one, and below it. */
export function folderPattern(name: string): string {
  return `${pattern(name.slice(0, name.lastIndexOf("/") + 1))}*`;
}

function lines({ changes, hint }: { changes: Changes; hint: Hint }): string[] {
  const hints = Object.entries(hint).map(
    ([name, value]) => `${name} = ${typeof value === "string" ? quoted(value) : value}`,
  );
  const maps = Object.entries(changes).map(([name, values]) => {
    const said = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
    return `${name} = { ${said.join(", ")} }`;
  });
  return [...hints, ...maps];
}

/** JSON escapes what TOML's basic strings do, but for one character. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
