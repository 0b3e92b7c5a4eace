/** Looks of the stage's columns, and the texture and channel that show a single map; pure. */
import { MAPS, type MapName } from "./contract.ts";
import { label as mapLabel, type Shown } from "./flat.ts";
import type { Channel, Decoded } from "./pixels.ts";
import type { Look } from "./stage.ts";
import { PLACES } from "./surface.ts";

export interface ColumnKind {
  label: string;
  /** What is said of it when it is shaded. */
  shading: string;
  of: "made" | "truth";
  legacy: boolean;
}

export interface Comparison {
  id: string;
  label: string;
  columns: readonly ColumnKind[];
  /** Each column shows the whole shape, rather than its part of one. */
  beside: boolean;
}

const before: ColumnKind = { label: "Before", shading: "as the old game lights it", of: "made", legacy: true };
const after: ColumnKind = { label: "After", shading: "PBR", of: "made", legacy: false };
const input: ColumnKind = { label: "Input", shading: "as the old game lights it", of: "made", legacy: true };
const prediction: ColumnKind = { label: "Prediction", shading: "PBR", of: "made", legacy: false };
const truth: ColumnKind = { label: "Truth", shading: "PBR", of: "truth", legacy: false };

/** Comparisons that a set allows, the best first. */
export function comparisons({ made, truth: target }: Decoded): Comparison[] {
  const source = made.maps.diffuse !== undefined;
  const split = (id: string, label: string, ...columns: ColumnKind[]) => ({ id, label, columns, beside: false });
  const beside = (id: string, label: string, ...columns: ColumnKind[]) => ({ id, label, columns, beside: true });
  if (target) {
    return [
      ...(source ? [beside("all", "Input, prediction, truth", input, prediction, truth)] : []),
      beside("two", "Prediction, truth", prediction, truth),
      split("split", "Prediction | truth on one shape", prediction, truth),
      split("prediction", "Prediction only", prediction),
      split("truth", "Truth only", truth),
    ];
  }
  if (!source) return [split("after", "After only", after)];
  return [
    split("split", "Before | after on one shape", before, after),
    beside("beside", "Before and after side by side", before, after),
    split("after", "After only", after),
    split("before", "Before only", before),
  ];
}

/** Channels to choose from. */
export function channels(shown: Shown | "shaded"): Channel[] {
  if (shown === "shaded" || (shown !== "packed" && MAPS[shown].channels === 1)) return ["all"];
  return shown === "packed" ? ["all", "r", "g", "b", "a"] : ["all", "r", "g", "b"];
}

/** Look of a column. On the side before, a converted map is the map that it was made from. */
export function lookOf(shown: Shown | "shaded", channel: Channel, legacy: boolean): Look {
  if (shown === "shaded") return legacy ? "legacy" : "pbr";
  const from = { r: 0, g: 1, b: 2, a: 3 };
  const three = (one: number) => [one, one, one] as const;
  if (shown === "packed" && !legacy) {
    return { texture: "packed", channels: channel === "all" ? [0, 1, 2] : three(from[channel]) };
  }
  const [texture, single] = PLACES[legacy ? origin(shown) : (shown as MapName)];
  const own = single ?? (channel === "all" || channel === "a" ? 4 : from[channel]);
  return { texture, channels: three(own) };
}

/** Heading of a column. */
export function captionOf({ label, shading, legacy }: ColumnKind, shown: Shown | "shaded"): string {
  if (shown === "shaded") return `${label}: ${shading}`;
  const map = legacy ? MAPS[origin(shown)].label : mapLabel(shown);
  return `${label}: ${map.replace(" (before)", "").toLowerCase()}`;
}

function origin(shown: Shown): MapName {
  if (shown === "packed") return "diffuse";
  const { start } = MAPS[shown];
  return start === undefined || MAPS[shown].vector ? shown : typeof start === "string" ? start : "diffuse";
}
