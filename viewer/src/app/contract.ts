/**
 * What the app's server tells the page (unbake/app/state.py).
 *
 * tests/viewer/test_app_contract.py holds this file to the Python types, field by field.
 */

export type Phase =
  "idle" | "looking" | "planned" | "running" | "stopping" | "paused" | "stopped" | "ended" | "zipping";

/** The page as the server fills it. */
export interface AppPage {
  kind: "app";
  made: string;
}

export interface Settings {
  sources: string[];
  out: string;
  preset: "skyrim" | "gltf" | "godot" | "unreal" | "unity-hdrp" | "unity-urp" | "blender" | "remix" | "png";
  max_size: number | null;
  brightness: "natural" | "keep";
  evidence: "auto" | "none";
  plugins: string[];
}

export interface Commands {
  look: string;
  convert: string;
  zip: string;
}

/** A place to begin at; sources: the mods to convert where it is more than a folder. */
export interface Place {
  title: string;
  path: string;
  note: string;
  sources: string[];
}

export interface Places {
  places: Place[];
  recent: Settings[];
}

/** A folder, or a file that can be converted. */
export interface Item {
  name: string;
  path: string;
  folder: boolean;
  mod: boolean;
}

export interface Folder {
  path: string;
  parent: string | null;
  /** Proposed for its conversion. */
  out: string;
  items: Item[];
  /** Items too many to show. */
  left: number;
}

export interface Group {
  reason: string;
  names: string[];
}

/** What would happen; disk and free in bytes. */
export interface Plan {
  planned: string[];
  unchanged: number;
  failed: Group[];
  skipped: Group[];
  disk: number;
  free: number;
  seconds: number | null;
  notes: string[];
}

export interface Progress {
  done: number;
  total: number | null;
  converted: number;
  unchanged: number;
  failed: number;
  seconds_left: number | null;
  slowest: string;
}

/** A set of the list of results. */
export interface SetLine {
  name: string;
  status: "converted" | "unchanged" | "failed";
  before: string;
  after: string;
  confidence: number | null;
  metal: number | null;
  because: string[];
}

export interface State {
  phase: Phase;
  message: string;
  settings: Settings;
  commands: Commands;
  /** Counts plans: the page asks for the plan when it changes. */
  plan: number;
  /** Counts lists of results. */
  run: number;
  progress: Progress | null;
  /** Of this list, from the one on that was asked for. */
  sets: SetLine[];
  /** Places in the list, those to look at first, of which there are `wanted`. */
  order: number[];
  wanted: number;
  view: string;
  zip: string;
}
