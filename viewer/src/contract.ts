/**
 * The data that `unbake view` writes into the page (unbake/report/view.py), and the maps (unbake/domain/maps.py).
 *
 * tests/viewer/test_contract.py holds this file to the Python types and values, field by field.
 */

export type MapName =
  "diffuse" | "specular" | "albedo" | "normal" | "roughness" | "metallic" | "metallic_mask" | "ao" | "height";

/** A user's changes to one map: see unbake/export/adjust.py. */
export interface Tuning {
  strength: number;
  bias: number;
  invert: boolean;
}

export interface MapSpec {
  label: string;
  /** Tuning in a pixel. */
  channels: 1 | 3;
  /** One value a channel, [0, 255], that changes nothing in a picture. */
  neutral: readonly [number, number, number];
  /** Tangent vectors rather than amounts. */
  vector?: boolean;
  /** The pivot of strength: a byte, or the map that it starts from. Absent: the map is not adjustable. */
  start?: number | MapName;
}

const grey = (value: number) => [value, value, value] as const;

/** Every map, in the order they are shown. */
export const MAPS: Record<MapName, MapSpec> = {
  diffuse: { label: "Diffuse (before)", channels: 3, neutral: grey(128) },
  specular: { label: "Specular mask (before)", channels: 1, neutral: grey(0) },
  albedo: { label: "Albedo", channels: 3, neutral: grey(128), start: "diffuse" },
  normal: { label: "Normal", channels: 3, neutral: [128, 128, 255], vector: true, start: 0 },
  roughness: { label: "Roughness", channels: 1, neutral: grey(255), start: 0 },
  metallic: { label: "Metallic", channels: 1, neutral: grey(0), start: 0 },
  metallic_mask: { label: "Metal mask", channels: 1, neutral: grey(0) },
  ao: { label: "Ambient occlusion", channels: 1, neutral: grey(255), start: 255 },
  height: { label: "Height", channels: 1, neutral: grey(127), start: 127 },
};

export const MAP_NAMES = Object.keys(MAPS) as MapName[];

/** The maps whose strength and bias can be changed. */
export const ADJUSTABLE = MAP_NAMES.filter((name) => MAPS[name].start !== undefined);

/** One set of the gallery; a validation sample, where the page shows a run. */
export interface Entry {
  key: string;
  name: string;
  data: string;
  /** URLs by map; the lit set is "before" and "after". */
  thumbs: Record<string, string>;
  confidence: number;
  doubtful: boolean;
  /** What was decided and why, in one sentence; "" in a run. */
  headline: string;
  /** Why metal, finish and brightness are as they are. */
  reasons: string[];
  warnings: string[];
  notes: string[];
  adjust: Partial<Record<MapName, Tuning>>;
  /** What the rules say of it: metal, finish, material, painted, TruePBR's features. */
  hint: Record<string, boolean | string | number>;
  figures: Record<string, number>;
}

/** The values that a rule gives for each map that it names: keys of Tuning, "normal" without bias. */
export type Changes = Record<string, Record<string, boolean | number>>;

/** What rules say a texture is, by name: see unbake/domain/hints.py. */
export type Hint = Record<string, boolean | string | number>;

/** The hints that the page offers, and their words. */
export const HINTS = {
  metal: ["none", "little", "some", "most", "all"],
  finish: ["polished", "glossy", "satin", "matt", "rough"],
  painted: ["dark", "normal", "bright"],
  subsurface: ["yes", "no"],
  fuzz: ["yes", "no"],
  glint: ["yes", "no"],
  emissive: ["yes", "no"],
} as const;

/** Those of TruePBR's features, which rules say as true and false. */
export const FEATURES: readonly HintName[] = ["subsurface", "fuzz", "glint", "emissive"];

export type HintName = keyof typeof HINTS;

/** A rule for the textures whose name matches. */
export interface Override {
  match: string;
  changes: Record<string, Record<string, boolean | number>>;
  hint: Record<string, boolean | string | number>;
}

/** A name that made no set, and why. */
export interface Left {
  name: string;
  reason: string;
}

/** The page comes from `unbake view --serve`, which takes rules from whoever knows the token. */
export interface Served {
  token: string;
}

/** The index of the page. */
export interface Page {
  kind: "conversion" | "run";
  title: string;
  made: string;
  served: Served | null;
  rules: string;
  /** The files are TruePBR's, so that its features mean something. */
  truepbr: boolean;
  changes: Record<string, Record<string, boolean | number>>;
  hint: Record<string, boolean | string | number>;
  overrides: Override[];
  mod: string[];
  sets: Entry[];
  failed: Left[];
  skipped: Left[];
}

/** The pictures of a set, as its script passes them to UNBAKE_SET. */
export interface SetData {
  /** Of the pictures; 0 where there are none. */
  width: number;
  height: number;
  /** Which axes tile: rows (y), columns (x). */
  wrap: [boolean, boolean];
  /** How far apart 0 and 1 of the height map are, as a share of the texture's width; 0 where that is not known. */
  relief: number;
  /** Why something is not there, or "". */
  missing: string;
  /** data: URLs by map, in runs also by "truth/<map>". */
  images: Record<string, string>;
}

declare global {
  interface Window {
    UNBAKE: Page | null;
    UNBAKE_SET: (key: string, data: SetData) => void;
  }
}

/** Prefix of the true maps of a validation sample. */
export const TRUTH = "truth/";
