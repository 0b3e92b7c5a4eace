/** Filtering and sorting of the gallery's sets; pure. */
import type { Entry, Left } from "./contract.ts";

export type Shown = "all" | "doubtful" | "warnings" | "failed" | "skipped";
/** "given": the order of the index, for a run the latest first. */
export type Order = "worst" | "name" | "confidence" | "given";

export interface Wanted {
  text: string;
  /** A material class, or "" for all. */
  label: string;
  shown: Shown;
  order: Order;
}

/** The likeliest class of a set, or "". */
export function likeliest(entry: Entry): string {
  return classes(entry)[0]?.[0] ?? "";
}

/** The classes of a set that are likely enough to show, likeliest first. */
export function classes(entry: Entry): [string, number][] {
  return Object.entries(entry.classes)
    .sort((one, other) => other[1] - one[1])
    .filter(([, share], place) => place === 0 || share >= 0.1);
}

/** The sets that are wanted, in the order wanted. Each word of the text must be in the name, a class or a warning. */
export function select(sets: readonly Entry[], wanted: Wanted): Entry[] {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  return sets
    .filter((one) => wanted.shown !== "doubtful" || one.doubtful)
    .filter((one) => wanted.shown !== "warnings" || one.warnings.length > 0)
    .filter((one) => !wanted.label || likeliest(one) === wanted.label)
    .filter((one) => {
      const said = [one.name, ...classes(one).map(([label]) => label), ...one.warnings].join("\n").toLowerCase();
      return words.every((word) => said.includes(word));
    })
    .sort(ORDERS[wanted.order]);
}

/** The names that made no set, by reason; most frequent reason first. */
export function byReason(left: readonly Left[], text: string): [string, string[]][] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, string[]>();
  for (const { name, reason } of left) {
    if (!words.every((word) => `${name}\n${reason}`.toLowerCase().includes(word))) continue;
    const key = reason || "No reason was given.";
    const names = groups.get(key);
    if (names) names.push(name);
    else groups.set(key, [name]);
  }
  return [...groups].sort((one, other) => other[1].length - one[1].length);
}

/** Number of sets by their likeliest class. */
export function countClasses(sets: readonly Entry[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const one of sets) {
    const label = likeliest(one);
    if (label) counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  return [...counts].sort(([one], [other]) => compare(one, other));
}

// Far quicker than localeCompare, which makes a collator for each call.
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const compare = collator.compare;
const byName = (one: Entry, other: Entry) => compare(one.name, other.name);

const ORDERS: Record<Order, (one: Entry, other: Entry) => number> = {
  worst: (one, other) => one.confidence - other.confidence || byName(one, other),
  confidence: (one, other) => other.confidence - one.confidence || byName(one, other),
  name: byName,
  given: () => 0,
};
