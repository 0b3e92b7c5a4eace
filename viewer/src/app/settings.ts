/** What to convert, where to, and the few settings that matter, each with a sentence on what it does. */
import { button, choice, h } from "../dom.ts";
import type { Chosen, Settings } from "./contract.ts";
import { FolderDialog, type Take } from "./folders.ts";
import * as server from "./server.ts";
import { nameOf } from "./words.ts";

export const EMPTY: Settings = {
  sources: [],
  out: "",
  preset: "skyrim",
  max_size: null,
  brightness: "natural",
  evidence: "auto",
  plugins: [],
  profile: null,
  whole_game: false,
};

const PRESETS = [
  ["skyrim", "Skyrim (TruePBR)"],
  ["gltf", "glTF"],
  ["godot", "Godot"],
  ["unreal", "Unreal"],
  ["unity-hdrp", "Unity HDRP"],
  ["unity-urp", "Unity URP"],
  ["blender", "Blender"],
  ["remix", "RTX Remix"],
  ["png", "PNG, one file a map"],
] as const;

const SIZES = [
  ["", "as they are"],
  ["512", "512"],
  ["1024", "1024"],
  ["2048", "2048"],
  ["4096", "4096"],
] as const;

const WHOLE = [
  ["mods", "those of mods"],
  ["all", "the game’s own, too"],
] as const;

const MODS: Take = { folder: "Convert this folder", "Mod Organizer": "Convert all mods of it", Vortex: "Convert all mods of it" };

/** Where what was chosen is kept for a reload, until the server has it. */
const DRAFT = "unbake-draft";

export class SettingsForm {
  readonly dialog = new FolderDialog();
  readonly choosing = h("section", { id: "choose", "aria-labelledby": "choose-title" });
  readonly options = h("section", { id: "settings", "aria-labelledby": "settings-title" });
  settings: Settings = EMPTY;
  /** What the server says of the chosen mods; undefined until it has. */
  private chosen: Chosen | undefined;
  private readonly sources = h("ol", { id: "sources" });
  private readonly advice = h("p", { id: "advice", role: "alert" });
  private readonly game = h("div", { id: "game" });
  private readonly recent = h("div", { id: "recent" });
  private readonly out = h("input", { id: "out", type: "text", spellcheck: "false", autocomplete: "off" });
  private readonly target = h(
    "div",
    { class: "field", id: "target" },
    h("label", { for: "out" }, "The result goes to"),
    this.out,
    h("p", { class: "quiet" }, "A new folder beside the mod; the mod itself is only read."),
  );

  constructor(
    private readonly onChange: (settings: Settings) => void,
    private readonly onShow: (settings: Settings) => void,
  ) {
    this.out.addEventListener("change", () => this.set({ out: this.out.value.trim() }));
    this.choosing.append(
      h("h2", { id: "choose-title" }, "1. Which mod?"),
      h(
        "p",
        { class: "quiet" },
        "A mod’s folder, or its .zip, .7z or .bsa as it is. Or all your mods, as the game sees them: the folder of Mod Organizer, or the game’s Data folder where Vortex deploys.",
      ),
      this.sources,
      this.game,
      this.advice,
      h("p", { class: "buttons" }, button("add-folder", "Choose a folder…", () => void this.browse())),
      this.target,
      this.recent,
    );
    this.fill();
    void this.fillRecent();
  }

  /** Shows other settings; nobody is told. */
  show(settings: Settings): void {
    const known = String(settings.sources) === String(this.settings.sources);
    this.settings = settings;
    this.fill();
    if (!known) void this.ask();
  }

  /** What was chosen before a reload, if anything. */
  static draft(): Settings {
    try {
      return { ...EMPTY, ...(JSON.parse(sessionStorage.getItem(DRAFT) ?? "{}") as Partial<Settings>) };
    } catch {
      return EMPTY;
    }
  }

  async fillRecent(): Promise<void> {
    const { recent } = await server.places().catch(() => ({ recent: [] as Settings[] }));
    if (!recent.length) return void this.recent.replaceChildren();
    const rows = recent.map((one) => {
      const names = one.sources.map(nameOf).join(", ") + (one.profile === null ? "" : ` (${one.profile})`);
      const label = `look at the result of ${names}`;
      const again = button("", names, () => this.take(one), { title: one.sources.join("\n") });
      const look = button("", "look", () => this.onShow(one), { "aria-label": label, title: one.out });
      for (const made of [again, look]) made.removeAttribute("id");
      return h("li", {}, again, look);
    });
    this.recent.replaceChildren(h("h3", {}, "Lately"), h("ul", { role: "list" }, ...rows));
  }

  private take(settings: Settings): void {
    const known = String(settings.sources) === String(this.settings.sources);
    this.set(settings);
    this.fill();
    if (!known) void this.ask();
  }

  /** Has the server tell of the chosen mods: whether a manager's, and why they cannot be converted as they are. */
  private async ask(): Promise<void> {
    const { sources } = this.settings;
    this.chosen = undefined;
    const chosen = sources.length ? await server.chosen(sources).catch(() => undefined) : undefined;
    if (sources !== this.settings.sources) return;
    this.chosen = chosen;
    this.fill();
  }

  private set(change: Partial<Settings>): void {
    this.settings = { ...this.settings, ...change };
    sessionStorage.setItem(DRAFT, JSON.stringify(this.settings));
    this.onChange(this.settings);
  }

  private async browse(): Promise<void> {
    const last = this.settings.sources.at(-1) ?? "";
    await this.dialog.open("Which mod?", MODS, last, (path) => void this.add(path));
  }

  /** Adds a mod to those that are chosen; a manager's mods are taken alone. */
  private async add(path: string): Promise<void> {
    const others = this.chosen?.manager ? [] : this.settings.sources.filter((one) => one !== path);
    let sources = [path];
    let chosen = await server.chosen(sources).catch(() => undefined);
    if (chosen === undefined) return; // there is no server any more, which the page tells
    if (!chosen.manager && others.length) {
      sources = [...others, path];
      chosen = (await server.chosen(sources).catch(() => undefined)) ?? chosen;
    }
    this.chosen = chosen;
    this.set({ sources, out: chosen.out, profile: chosen.profile, whole_game: false });
    this.fill();
  }

  private fill(): void {
    const { sources } = this.settings;
    const manager = this.chosen?.manager ?? "";
    this.sources.hidden = !sources.length;
    this.sources.replaceChildren(...sources.map((path) => this.source(path)));
    this.game.replaceChildren(...(manager && sources.length ? this.managed(manager) : []));
    this.advice.textContent = sources.length ? (this.chosen?.advice ?? "") : "";
    this.choosing.querySelector("#add-folder")!.textContent = !sources.length
      ? "Choose a folder…"
      : manager
        ? "Choose another…"
        : "Add another mod, which overrides these…";
    this.target.hidden = !sources.length;
    this.out.value = this.settings.out;
    this.options.hidden = !sources.length;
    this.options.replaceChildren(h("h2", { id: "settings-title" }, "2. How?"), ...this.controls(manager !== ""));
  }

  /** What of a manager's mods is converted. */
  private managed(manager: string): HTMLElement[] {
    const known = this.chosen?.profiles ?? [];
    const profile = this.settings.profile ?? this.chosen?.profile ?? "";
    const all = known.includes(profile) || !profile ? known : [...known, profile];
    const options = all.map((name) => [name, name] as const);
    const on = manager === "Vortex" ? "have deployed with Vortex" : "switched on in this profile";
    return [
      ...(all.length ? [choice("profile", "Profile", options, profile, (name) => this.set({ profile: name })).element] : []),
      h(
        "p",
        { class: "quiet" },
        `All mods that you ${on}, as the game sees them. What another PBR mod among them covers is left out.`,
      ),
    ];
  }

  private source(path: string): HTMLElement {
    const { sources } = this.settings;
    const remove = button(
      "",
      "remove",
      () => this.take({ ...this.settings, sources: sources.filter((one) => one !== path), profile: null, whole_game: false }),
      { "aria-label": `remove ${nameOf(path)}` },
    );
    remove.removeAttribute("id");
    return h("li", {}, h("span", {}, h("strong", {}, nameOf(path)), h("span", { class: "quiet" }, path)), remove);
  }

  private controls(managed: boolean): HTMLElement[] {
    const { settings } = this;
    const told = (control: { element: HTMLElement }, sentence: string) =>
      h("div", { class: "field" }, control.element, h("p", { class: "quiet" }, sentence));
    const brightness = [
      ["natural", "as the material is"],
      ["keep", "as it was painted"],
    ] as const;
    const evidence = [
      ["auto", "names and masks, too"],
      ["none", "the picture alone"],
    ] as const;
    const size = SIZES.find(([value]) => value === String(settings.max_size ?? ""))?.[0] ?? "";
    return [
      told(
        choice("preset", "For", PRESETS, settings.preset, (preset) => this.set({ preset })),
        "Which files are written, and what is in their channels.",
      ),
      told(
        choice("max-size", "Longest side", SIZES, size, (value) => this.set({ max_size: value ? Number(value) : null })),
        "Larger textures are reduced to this: quicker, and less disk.",
      ),
      told(
        choice("brightness", "Brightness", brightness, settings.brightness, (value) => this.set({ brightness: value })),
        "Old textures were often painted dark, since the game lit them brightly; a PBR game does not.",
      ),
      told(
        choice("evidence", "What decides", evidence, settings.evidence, (value) => this.set({ evidence: value })),
        "A name such as dwarven or a shine mask says whether a thing is metal, where the picture alone cannot.",
      ),
      ...(managed
        ? [
            told(
              choice("whole-game", "Which textures", WHOLE, settings.whole_game ? "all" : "mods", (which) =>
                this.set({ whole_game: which === "all" }),
              ),
              "The game’s own are those that no mod replaces: very many.",
            ),
          ]
        : []),
      ...(managed && !settings.plugins.length ? [] : [this.plugins()]),
    ];
  }

  private plugins(): HTMLElement {
    const [path] = this.settings.plugins;
    const set = (plugins: string[]) => this.take({ ...this.settings, plugins });
    const choose = () =>
      void this.dialog.open("Where are the plugins?", { folder: "Take this folder" }, path ?? "", (chosen) => set([chosen]));
    return h(
      "div",
      { class: "field" },
      h("span", { class: "label" }, "Plugins"),
      h(
        "p",
        { class: "buttons" },
        button("choose-plugins", path === undefined ? "Choose the Data folder…" : nameOf(path), choose),
        path === undefined ? null : button("no-plugins", "none", () => set([])),
      ),
      h("p", { class: "quiet" }, "Needed for the ground (landscape) in Skyrim; they also say what things are made of."),
    );
  }
}
