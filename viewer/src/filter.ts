/** Filtering and sorting of the gallery's sets; pure. */
import type { Entry, Left } from "./contract.ts";

export type Shown = "all" | "doubtful" | "warnings" | "failed" | "skipped";
/** "given": the order of the index, that of a review; for a run the latest first. */
export type Order = "given" | "name" | "confidence";

export interface Wanted {
  text: string;
  shown: Shown;
  order: Order;
}

/** The sets that are wanted, in the order wanted. Each word of the text must be in the name, a reason or a warning. */
export function select(sets: readonly Entry[], wanted: Wanted): Entry[] {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  return sets
    .filter((one) => wanted.shown !== "doubtful" || one.doubtful)
    .filter((one) => wanted.shown !== "warnings" || one.warnings.length > 0)
    .filter((one) => {
      const said = [one.name, ...one.reasons, ...one.warnings].join("\n").toLowerCase();
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

// Far quicker than localeCompare, which makes a collator for each call.
const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
const compare = collator.compare;
const byName = (one: Entry, other: Entry) => compare(one.name, other.name);

const ORDERS: Record<Order, (one: Entry, other: Entry) => number> = {
  confidence: (one, other) => other.confidence - one.confidence || byName(one, other),
  name: byName,
  given: () => 0,
};
