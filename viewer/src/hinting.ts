/** What a person says a texture is: how much metal, its finish, how dark it was painted; saved as hints in rules. */
import { FEATURES, HINTS, type Entry, type HintName, type Page } from "./contract.ts";
import { button, h, percent, radios } from "./dom.ts";
import { keep, kept } from "./kept.ts";
import { rulesText, spoken, withHints } from "./rules.ts";
import { download, send } from "./saving.ts";

const LABELS: Record<HintName, string> = {
  metal: "Metal",
  finish: "Finish",
  painted: "Was painted",
  subsurface: "Light shines through, as through leaves",
  fuzz: "Soft fibres at its edges (fuzz)",
  glint: "Glints, as snow does",
  emissive: "Glows where its glow map says",
};
const NAMES = Object.keys(HINTS) as HintName[];

const APPLIED = "The next unbake convert applies what is saved here, and the networks do not run again for it.";

/** The choice of saying nothing. */
const UNSAID = "unsaid";

export class Hinting {
  readonly element = h("section", { id: "hints", "aria-label": "What it is" });
  private entry: Entry | undefined;
  /** What was chosen since the set was opened; null: is to be said no longer. */
  private chosen: Partial<Record<HintName, string | null>> = {};
  private folder = false;
  private readonly message = h("p", { id: "hints-saved", role: "status" });

  constructor(private readonly page: Page) {}

  /** Shows what the rules say of a set. */
  open(entry: Entry): void {
    this.entry = entry;
    this.chosen = keptChoices(this.place);
    this.message.textContent = "";
    const save = button(
      "save-hints",
      this.page.served ? `Save to ${this.page.rules}` : `Download ${this.page.rules}`,
      () => void this.save(),
    );
    this.element.replaceChildren(
      h("h2", {}, "What it is"),
      ...NAMES.filter((name) => !FEATURES.includes(name)).map((name) => this.row(name, entry)),
      this.page.truepbr ? this.features(entry) : "",
      this.scope(entry),
      h("p", { class: "quiet" }, APPLIED),
      h("p", { class: "buttons" }, save),
      this.message,
    );
  }

  /** What the choices of a set are kept under. */
  private get place(): string {
    return `hints ${this.page.title} ${this.entry!.key}`;
  }

  /** TruePBR's features, folded away until one is said. */
  private features(entry: Entry): HTMLElement {
    const said = FEATURES.some((name) => entry.hint[name] !== undefined || this.chosen[name] !== undefined);
    const rows = FEATURES.map((name) => this.row(name, entry));
    return h("details", { id: "features", open: said }, h("summary", {}, "More that TruePBR can do"), ...rows);
  }

  private row(name: HintName, entry: Entry): HTMLElement {
    const said = worded(entry.hint[name]);
    const chosen = this.chosen[name];
    const now = chosen === undefined ? said : (chosen ?? undefined);
    const words: (readonly [string, string])[] = HINTS[name].map((word) => [word, word]);
    if (typeof said === "number") words.push([String(said), TOLD[name](said)]);
    return radios<string>(
      name,
      LABELS[name],
      [[UNSAID, "let unbake decide"], ...words],
      now === undefined ? UNSAID : String(now),
      (value) => {
        this.chosen[name] = value === UNSAID ? null : value;
        keep(this.place, this.chosen);
      },
    );
  }

  private scope(entry: Entry): HTMLElement {
    const folder = entry.name.slice(0, entry.name.lastIndexOf("/") + 1);
    return radios(
      "hint-scope",
      "Say it of",
      [
        ["one", "this texture"],
        ["folder", folder ? `all in ${folder}` : "all textures"],
      ],
      this.folder ? "folder" : "one",
      (value) => (this.folder = value === "folder"),
    );
  }

  private async save(): Promise<void> {
    const entry = this.entry!;
    const said = this.changed(entry);
    const names = Object.keys(said) as HintName[];
    if (names.length === 0) {
      this.message.textContent = "Nothing has changed since it was last saved: choose something first.";
      return;
    }
    try {
      const rules = withHints(this.page, said, entry.name, this.folder);
      const unsaid = names.filter((name) => said[name] === null);
      const request = { name: entry.name, changes: {}, hint: spoken(said), unsaid, folder: this.folder };
      const done = this.page.served ? await send(this.page, request) : download(this.page, rulesText(rules));
      Object.assign(this.page, rules);
      entry.hint = spoken({ ...entry.hint, ...said });
      this.chosen = {};
      keep(this.place, {});
      this.message.textContent = done;
    } catch (error) {
      this.message.textContent = `Not saved: ${(error as Error).message}`;
    }
  }

  /** What is said otherwise than the rules did. */
  private changed(entry: Entry): Record<string, boolean | string | number | null> {
    const changed = NAMES.filter((name) => this.chosen[name] !== undefined).map(
      (name) => [name, valueOf(name, this.chosen[name]!)] as const,
    );
    return Object.fromEntries(
      this.folder ? changed : changed.filter(([name, value]) => value !== (entry.hint[name] ?? null)),
    );
  }
}

/** The choices that were kept of a set; what is none is left out. */
function keptChoices(place: string): Partial<Record<HintName, string | null>> {
  const found = (kept(place) ?? {}) as Record<string, unknown>;
  const known = NAMES.filter((name) => found[name] === null || typeof found[name] === "string");
  return Object.fromEntries(known.map((name) => [name, found[name] as string | null]));
}

const stops = (value: number) => `${value} stops`;
const times = (value: number) => `${value}×`;

/** A number that a rule says, in words. */
const TOLD: Record<HintName, (value: number) => string> = {
  metal: percent,
  finish: String,
  painted: stops,
  subsurface: percent,
  fuzz: percent,
  glint: String,
  emissive: times,
};

function worded(said: boolean | string | number | undefined): string | number | undefined {
  return typeof said === "boolean" ? (said ? "yes" : "no") : said;
}

/** A number that a rule gave stays one. */
function valueOf(name: HintName, word: string | null): boolean | string | number | null {
  if (FEATURES.includes(name) && (word === "yes" || word === "no")) return word === "yes";
  return word === null || word === "" || Number.isNaN(Number(word)) ? word : Number(word);
}
