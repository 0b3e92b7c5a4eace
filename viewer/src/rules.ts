/**
 * The rules of a conversion with the sliders' values, as the text of a fresh `unbake.toml` to download.
 *
 * The grammar is that of unbake/export/adjust.py. Where the page is served, Python edits the file itself instead
 * (unbake/export/rules_file.py), and so keeps its comments.
 */
import type { Changes, MapName, Override, Tuning } from "./contract.ts";

export type Said = Partial<Record<MapName, Tuning>>;

/** The file's values for every texture, then its rules for some. */
export interface Rules {
  changes: Changes;
  overrides: readonly Override[];
}

/** The rules with these values for the texture of this name, in a rule of its own that comes last, or for all (null). */
export function withChanges(rules: Rules, said: Said, name: string | null): { changes: Changes; overrides: Override[] } {
  const added = changesOf(said);
  if (name === null) return { changes: { ...rules.changes, ...added }, overrides: [...rules.overrides] };
  const match = pattern(name);
  const own = rules.overrides.findLast((rule) => rule.match === match);
  const others = rules.overrides.filter((rule) => rule !== own);
  return { changes: rules.changes, overrides: [...others, { match, changes: { ...own?.changes, ...added } }] };
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
export function rulesText({ changes, overrides }: Rules): string {
  const rules = overrides.map((rule) => ["[[rules]]", `match = ${quoted(rule.match)}`, ...lines(rule.changes)]);
  return [["# Written by unbake view.", ...lines(changes)], ...rules].map((block) => `${block.join("\n")}\n`).join("\n");
}

/** A pattern that matches this name alone: unbake matches as fnmatch does. */
export function pattern(name: string): string {
  return name.replace(/[[*?]/g, "[$&]");
}

function lines(changes: Changes): string[] {
  return Object.entries(changes).map(([name, values]) => {
    const said = Object.entries(values).map(([key, value]) => `${key} = ${value}`);
    return `${name} = { ${said.join(", ")} }`;
  });
}

/** JSON escapes what TOML's basic strings do, but for one character. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
