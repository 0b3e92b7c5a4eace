/**
 * Writes what a person set with the sliders into the text of an `unbake.toml`, and keeps all else that it says.
 *
 * The grammar is that of unbake/export/adjust.py: tables of maps for every texture, `[[rules]]` with a `match` for
 * some. It is edited line by line, so that comments stay; whoever reads the file checks it.
 */
import type { MapName, Tuning } from "./contract.ts";

export type Said = Partial<Record<MapName, Tuning>>;

/** A header and the lines below it, up to the next header. */
interface Section {
  /** "" for what stands before the first header. */
  path: string;
  array: boolean;
  lines: string[];
}

/** The text with these values for every texture. Rules for some of them still go on top. */
export function savedForAll(text: string, said: Said): string {
  const sections = parse(text);
  const names = Object.keys(said);
  const kept = without(sections, (section) => !section.array && names.includes(section.path));
  const root = kept[0]!;
  root.lines = root.lines.filter((line) => !names.some((name) => defines(line, name)));
  insert(root, entries(said));
  return print(kept);
}

/** The text with these values for the texture of this name, in a rule of its own that comes last. */
export function savedForOne(text: string, name: string, said: Said): string {
  const sections = parse(text);
  if (sections[0]!.lines.some((line) => defines(line, "rules"))) {
    throw new Error(
      "The file writes its rules as one list, rules = [...]; write them as [[rules]] blocks, then save again.",
    );
  }
  const match = pattern(name);
  const [others, own] = split(sections, (rule) => rule.lines.some((line) => matchOf(line) === match));
  const names = Object.keys(said);
  const kept = without(own, (section) => !section.array && names.includes(section.path.replace(/^rules\./, "")));
  const rule = kept[0] ?? { path: "rules", array: true, lines: ["[[rules]]", `match = ${quoted(match)}`] };
  rule.lines = rule.lines.filter((line) => !names.some((one) => defines(line, one)));
  insert(rule, entries(said));
  return print([...others, rule, ...kept.slice(1)]);
}

/** A pattern that matches this name alone: unbake matches as fnmatch does. */
export function pattern(name: string): string {
  return name.replace(/[[*?]/g, "[$&]");
}

function parse(text: string): Section[] {
  const sections: Section[] = [{ path: "", array: false, lines: [] }];
  for (const line of text.replace(/^\uFEFF/, "").split(/\r?\n/)) {
    const header = /^\s*(\[\[?)([^\]]+)\]/.exec(line);
    if (header) {
      const path = header[2]!
        .split(".")
        .map((part) => part.trim().replace(/^(["'])(.*)\1$/, "$2"))
        .join(".");
      sections.push({ path, array: header[1] === "[[", lines: [] });
    }
    sections.at(-1)!.lines.push(line);
  }
  return sections;
}

function print(sections: readonly Section[]): string {
  const lines: string[] = [];
  for (const section of sections) {
    if (section.path && /^\s*[^\s#]/.test(lines.at(-1) ?? "")) lines.push("");
    lines.push(...section.lines);
  }
  return `${lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim()}\n`;
}

/** Sections without some, whose comments and blank lines go to the section before. */
function without(sections: readonly Section[], drop: (section: Section) => boolean): Section[] {
  const kept: Section[] = [];
  for (const section of sections) {
    if (kept.length > 0 && drop(section))
      kept.at(-1)!.lines.push(...section.lines.filter((line) => /^\s*(#|$)/.test(line)));
    else kept.push({ ...section, lines: [...section.lines] });
  }
  return kept;
}

/** The other sections, and those of the last rule that is chosen, its tables `[rules.map]` with it. */
function split(sections: readonly Section[], chosen: (rule: Section) => boolean): [Section[], Section[]] {
  const from = sections.findLastIndex((section) => section.array && chosen(section));
  if (from < 0) return [[...sections], []];
  const rest = sections.slice(from + 1);
  const length = rest.findIndex((section) => !section.path.startsWith("rules."));
  const to = length < 0 ? sections.length : from + 1 + length;
  return [[...sections.slice(0, from), ...sections.slice(to)], sections.slice(from, to)];
}

/** Puts lines below the last line that says something; comments above the next header stay above it. */
function insert(section: Section, lines: readonly string[]): void {
  const last = section.lines.findLastIndex((line) => /^\s*[^\s#]/.test(line));
  const after = section.lines.slice(last + 1);
  // Without a value the lines go below a comment that is followed by a blank line: it speaks of the file.
  const place = last >= 0 ? 0 : after.lastIndexOf("") + 1;
  section.lines = [...section.lines.slice(0, last + 1), ...after.slice(0, place), ...lines, ...after.slice(place)];
}

function entries(said: Said): string[] {
  return Object.entries(said).map(([name, how]) => {
    const bias = name === "normal" ? "" : `bias = ${number(how.bias)}, `;
    return `${name} = { strength = ${number(how.strength)}, ${bias}invert = ${how.invert} }`;
  });
}

function defines(line: string, name: string): boolean {
  return new RegExp(`^\\s*(["']?)${name}\\1\\s*[.=]`).test(line);
}

function matchOf(line: string): string | undefined {
  const found = /^\s*(["']?)match\1\s*=\s*("(?:[^"\\]|\\.)*"|'[^']*')/.exec(line)?.[2];
  if (found === undefined) return undefined;
  if (found.startsWith("'")) return found.slice(1, -1);
  try {
    return JSON.parse(found) as string;
  } catch {
    return undefined; // An escape that only TOML knows: not a rule that was saved here.
  }
}

/** JSON escapes what TOML's basic strings do, but for one character. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\x7f", "\\u007f");
}

function number(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}
