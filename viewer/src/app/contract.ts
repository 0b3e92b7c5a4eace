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
  /** Of Mod Organizer; null for the one that it shows. */
  profile: string | null;
  whole_game: boolean;
}

export interface Commands {
  look: string;
  convert: string;
  zip: string;
}

/** A folder to begin at. */
export interface Place {
  title: string;
  path: string;
}

export interface Places {
  places: Place[];
  recent: Settings[];
}

/** Of a thing in a folder; the last two: all mods that a manager has put together. */
export type Kind = Item["kind"];

/** A folder or an archive. */
export interface Item {
  name: string;
  path: string;
  kind: "folder" | "mod" | "archive" | "Mod Organizer" | "Vortex";
}

export interface Folder {
  path: string;
  kind: "folder" | "mod" | "archive" | "Mod Organizer" | "Vortex";
  parent: string | null;
  items: Item[];
  /** Items too many to show. */
  left: number;
}

/** What a person should know of what they chose; profile: the one that Mod Organizer shows. */
export interface Chosen {
  out: string;
  manager: "" | "Mod Organizer" | "Vortex";
  profiles: string[];
  profile: string | null;
  /** Why it cannot be converted as it is, and what to do. */
  advice: string;
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
  /** Whether the pictures show it lit, not its colours. */
  lit: boolean;
  headline: string;
  warnings: string[];
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
