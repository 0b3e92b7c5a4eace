/** The view of one set: the stage, its controls and facts about the set; opens one set after another. */
import { Adjusting } from "./adjusting.ts";
import { dividers } from "./compare.ts";
import { MAP_NAMES, type Entry, type MapName, type Page } from "./contract.ts";
import { button, h } from "./dom.ts";
import { facts } from "./facts.ts";
import { errorTable, flatView } from "./flat.ts";
import { Hinting } from "./hinting.ts";
import { loadSet } from "./load.ts";
import { captionOf, comparisons, lookOf } from "./looks.ts";
import { orbit } from "./orbit.ts";
import { Panel } from "./panel.ts";
import { decodeSet, type Decoded, type Pictures } from "./pixels.ts";
import { snapshot } from "./snapshot.ts";
import { Stage, type Column } from "./stage.ts";
import { disposeSurface, makeSurface, replaceMap, type Surface } from "./surface.ts";

/** Deeper relief than this, in widths of the texture, falls apart into its layers. */
const DEEPEST = 0.25;

export interface Ways {
  back: () => void;
  step: (by: number) => void;
}

/** An opened set: its pictures as they are shown, and its textures where there is WebGL. */
interface Opened {
  decoded: Decoded;
  made: Pictures;
  surfaces: { made: Surface; truth: Surface | undefined } | undefined;
}

export class MaterialView {
  readonly element: HTMLElement;
  private readonly title = h("h1", { id: "name", tabindex: -1 });
  private readonly place = h("p", { id: "place", class: "quiet" });
  private readonly canvas = h("canvas", { id: "stage", tabindex: 0, role: "img" });
  private readonly flat = h("div", { id: "flat", tabindex: 0 });
  private readonly message = h("p", { id: "message", role: "status" });
  private readonly below = h("div", { id: "below" });
  private readonly about = h("section", { id: "about", "aria-label": "About this set" });
  private readonly divided = dividers((moving) => this.stage?.request(moving));
  private readonly panel: Panel;
  private readonly adjusting: Adjusting;
  private readonly hinting: Hinting;
  private readonly stage: Stage | undefined;
  private opened: Opened | undefined;
  private turn = 0;

  constructor(
    private readonly page: Page,
    ways: Ways,
  ) {
    this.adjusting = new Adjusting(page, (names, moving) => this.replace(names, moving));
    this.hinting = new Hinting(page);
    this.stage = this.tryStage();
    this.panel = new Panel(this.stage !== undefined, (change) => this.show(change));
    const bar = h(
      "header",
      { class: "bar" },
      button("back", "All sets", ways.back),
      h("div", {}, this.title, this.place),
      button("previous", "Previous", () => ways.step(-1)),
      button("next", "Next", () => ways.step(1)),
      button("snapshot", "Save picture", () => this.save(), { title: "Save what is shown as a PNG" }),
    );
    const stage = h("div", { id: "stage-box" }, this.canvas, this.divided.element, this.flat, this.message);
    const side = h(
      "div",
      { id: "side" },
      this.panel.element,
      page.kind === "run" ? null : this.hinting.element,
      page.kind === "run" ? null : this.adjusting.element,
      this.about,
    );
    this.element = h("main", { id: "material", hidden: true }, bar, stage, side, this.below);
    orbit(
      this.canvas,
      () => this.panel.view,
      (moving) => (this.panel.follow(), this.stage?.request(moving)),
    );
  }

  /** Loads and shows a set; `place` says which of how many it is. */
  async open(entry: Entry, place: string): Promise<void> {
    const turn = ++this.turn;
    const root = document.documentElement;
    root.dataset["state"] = "loading";
    this.title.textContent = entry.name;
    this.place.textContent = place;
    this.say("Loading …");
    this.about.replaceChildren(...facts(entry, this.page));
    try {
      const decoded = await decodeSet(await loadSet(entry));
      // Another set may have been asked for in the meantime.
      if (turn !== this.turn) return;
      this.close();
      this.begin(entry, decoded);
      this.say("");
      this.about.replaceChildren(...facts(entry, this.page, decoded));
      this.stage?.draw();
      root.dataset["state"] = "ready";
    } catch (error) {
      if (turn !== this.turn) return;
      this.close();
      this.say((error as Error).message);
      root.dataset["state"] = "error";
    }
  }

  /** Lets go of what the set that is shown holds on the graphics card. */
  close(): void {
    if (!this.opened) return;
    const { surfaces } = this.opened;
    if (surfaces) for (const one of [surfaces.made, surfaces.truth]) if (one) disposeSurface(one);
    this.opened = undefined;
    this.below.replaceChildren();
    this.flat.replaceChildren();
  }

  focus(): void {
    this.title.focus({ preventScroll: true });
  }

  private begin(entry: Entry, decoded: Decoded): void {
    const { data, truth } = decoded;
    this.hinting.open(entry);
    const made = this.adjusting.open(entry, decoded.made);
    const surface = (pictures: Pictures) => makeSurface(pictures, this.stage!.anisotropy, decoded.made.maps.normal);
    const surfaces = this.stage ? { made: surface(made), truth: truth && surface(truth) } : undefined;
    this.opened = { decoded, made, surfaces };
    const relief = made.maps.height ? Math.min(data.relief, DEEPEST) : 0;
    const shown = MAP_NAMES.filter((name) => made.maps[name]);
    this.panel.open({ aspect: made.width / made.height, relief, maps: shown, compared: comparisons(decoded) });
    if (truth) this.below.replaceChildren(errorTable(made, truth, entry.figures));
    this.canvas.setAttribute(
      "aria-label",
      `${entry.name} in three dimensions; arrows turn it, Shift with arrows moves the light`,
    );
    this.show("columns");
  }

  /** Brings the picture up to date with the panel. */
  private show(change: "columns" | "moving" | "still"): void {
    if (!this.opened) return;
    const { flat, shown, channel, comparison } = this.panel;
    this.canvas.hidden = flat;
    this.divided.element.hidden = flat;
    this.flat.hidden = !flat;
    // A flat map of a run is the same pictures, large.
    this.below.hidden = flat;
    if (change === "columns")
      this.divided.show(
        comparison.columns.map((one) => captionOf(one, shown)),
        !comparison.beside,
      );
    if (flat) {
      const { made, decoded } = this.opened;
      const map = shown !== "shaded" ? shown : made.maps.albedo ? "albedo" : MAP_NAMES.find((name) => made.maps[name])!;
      if (change !== "moving") this.flat.replaceChildren(flatView(map, channel, made, decoded.truth));
    } else this.stage?.request(change === "moving");
  }

  private replace(names: MapName[], moving: boolean): void {
    if (!this.opened) return;
    for (const name of names) {
      const pixels = this.adjusting.pixels(name);
      this.opened.made.maps[name] = pixels;
      if (this.opened.surfaces) replaceMap(this.opened.surfaces.made, name, pixels);
    }
    this.show(this.panel.flat ? "still" : moving ? "moving" : "still");
  }

  private columns(): Column[] {
    const { surfaces } = this.opened!;
    const { comparison, shown, channel } = this.panel;
    return comparison.columns.map(({ of, legacy }) => ({
      surface: surfaces![of] ?? surfaces!.made,
      look: lookOf(shown, channel, legacy),
      before: legacy,
    }));
  }

  /** Offers what is shown as a picture. */
  private save(): void {
    if (!this.opened) return;
    const { flat, comparison, shown } = this.panel;
    const box = this.canvas.parentElement!;
    if (!flat) this.stage!.draw();
    const edges = [0, ...this.divided.splits];
    snapshot({
      canvases: flat ? [...this.flat.querySelectorAll("canvas")] : [this.canvas],
      captions: flat ? [] : comparison.columns.map((one, place) => [edges[place]!, captionOf(one, shown)] as const),
      title: this.title.textContent!,
      background: getComputedStyle(box).backgroundColor,
    });
  }

  /** Nothing where the browser has no WebGL 2; flat maps are shown then. */
  private tryStage(): Stage | undefined {
    const gl = this.canvas.getContext("webgl2", { antialias: true, alpha: true });
    return gl
      ? new Stage(this.canvas, gl, () =>
          this.opened?.surfaces && !this.panel.flat
            ? {
                view: this.panel.view,
                columns: this.columns(),
                splits: this.divided.splits,
                beside: this.panel.comparison.beside,
              }
            : undefined,
        )
      : undefined;
  }

  private say(text: string): void {
    this.message.textContent = text;
    this.message.hidden = text === "";
  }
}
