/** The controls of the view and their state: map or look, shape, light. */
import type { MapName } from "./contract.ts";
import { ENVIRONMENTS, type Environment } from "./lights.ts";
import { checkbox, choice, h, percent, radios, slider, type Control } from "./dom.ts";
import { label, type Shown } from "./flat.ts";
import { channels, type Comparison } from "./looks.ts";
import { readPanorama } from "./panorama.ts";
import type { Channel } from "./pixels.ts";
import { HOMES, SHAPES, type Shape, type View } from "./stage.ts";

/** "columns": anything may be different; "moving": more is about to follow. */
export type Change = "columns" | "moving" | "still";

const CHANNELS: Record<Channel, string> = { all: "all", r: "red", g: "green", b: "blue", a: "alpha" };

const NO_WEBGL = "This browser draws nothing in three dimensions (it has no WebGL 2); the flat maps are all here.";
const DIRECTX = "Read the normal's green as DirectX does (wrong here, to see the difference)";

export class Panel {
  readonly element = h("section", { id: "panel", "aria-label": "View" });
  readonly view: View = {
    shape: "sphere",
    tiling: 1,
    environment: "studio",
    light: { azimuth: -40, elevation: 40, strength: 1 },
    depth: 0,
    aspect: 1,
    directx: false,
    own: undefined,
    camera: { ...HOMES.sphere },
  };
  flat = false;
  shown: Shown | "shaded" = "shaded";
  channel: Channel = "all";
  comparison: Comparison = { id: "", label: "", columns: [], beside: false };
  private relief = 0;
  /** How deep a person wants the relief, in terms of what the set says. */
  private deepness = 1;
  private readonly what = h("div", { class: "pair" });
  private readonly azimuth = this.slides("light-azimuth", "Light around", [-180, 180, 1], -40, degrees, (value) => {
    this.view.light.azimuth = value;
  });
  private readonly elevation = this.slides("light-elevation", "Light height", [-30, 90, 1], 40, degrees, (value) => {
    this.view.light.elevation = value;
  });

  constructor(
    webgl: boolean,
    private readonly onChange: (change: Change) => void,
  ) {
    this.flat = !webgl;
    this.element.append(h("h2", {}, "View"), this.shapes(webgl), this.what, this.solid());
    if (!webgl) this.element.prepend(h("p", { class: "note", id: "no-webgl" }, NO_WEBGL));
    this.element.classList.toggle("flat-only", this.flat);
  }

  /** Shows what a set has. What was chosen stays chosen where the set has it too. */
  open(set: { aspect: number; relief: number; maps: MapName[]; compared: Comparison[] }): void {
    this.view.aspect = set.aspect;
    this.relief = set.relief;
    this.view.depth = set.relief * this.deepness;
    this.comparison = set.compared.find((one) => one.id === this.comparison.id) ?? set.compared[0]!;
    const maps: Shown[] = [...set.maps, "packed"];
    if (!maps.includes(this.shown as Shown)) this.shown = "shaded";
    const compare = choice(
      "compare",
      "Compare",
      set.compared.map((one) => [one.id, one.label] as const),
      this.comparison.id,
      (id) => {
        this.comparison = set.compared.find((one) => one.id === id)!;
        this.onChange("columns");
      },
    );
    const options = [["shaded", "shaded / albedo"] as const, ...maps.map((one) => [one, label(one)] as const)];
    const shown = choice<Shown | "shaded">("show", "Show", options, this.shown, (value) => {
      this.shown = value;
      this.offerChannels(channel);
      this.onChange("columns");
    });
    const channel = choice<Channel>("channel", "Channel", [], this.channel, (value) => {
      this.channel = value;
      this.onChange("columns");
    });
    compare.element.classList.add("solid");
    this.offerChannels(channel);
    this.what.replaceChildren(compare.element, shown.element, channel.element);
  }

  /** Puts the light's sliders where the light was dragged. */
  follow(): void {
    this.azimuth.set(this.view.light.azimuth);
    this.elevation.set(this.view.light.elevation);
  }

  private shapes(webgl: boolean): HTMLElement {
    const options = [...SHAPES.map((one) => [one, one] as const), ["flat", "flat map"] as const];
    const element = radios<Shape | "flat">("shape", "Shape", options, webgl ? "sphere" : "flat", (value) => {
      this.flat = value === "flat";
      if (value !== "flat" && value !== this.view.shape) {
        this.view.shape = value;
        this.view.camera = { ...HOMES[value] };
      }
      this.element.classList.toggle("flat-only", this.flat);
      this.onChange("columns");
    });
    if (!webgl) for (const one of SHAPES) element.querySelector<HTMLInputElement>(`#shape-${one}`)!.disabled = true;
    return element;
  }

  /** What means nothing to a flat map. */
  private solid(): HTMLElement {
    const { view } = this;
    const times = (value: number) => `${value}×`;
    return h(
      "div",
      { class: "solid" },
      this.slides("tiling", "Tiling", [1, 8, 1], 1, times, (value) => {
        view.tiling = value;
      }).element,
      this.slides("depth", "Relief", [0, 3, 0.1], 1, percent, (value) => {
        this.deepness = value;
        view.depth = value * this.relief;
      }).element,
      ...this.surroundings(),
      this.azimuth.element,
      this.elevation.element,
      this.slides("light-strength", "Light strength", [0, 3, 0.05], 1, percent, (value) => {
        view.light.strength = value;
      }).element,
      checkbox("directx", DIRECTX, false, (value) => {
        view.directx = value;
        this.onChange("still");
      }),
    );
  }

  /** The surroundings to choose from, of which one is a picture of a person's own. */
  private surroundings(): HTMLElement[] {
    const { view } = this;
    const choose = (value: Environment) => {
      view.environment = value;
      this.onChange("still");
    };
    const choices = radios<Environment>("environment", "Surroundings", ENVIRONMENTS.map((one) => [one, one]), "studio", choose);
    const own = choices.querySelector<HTMLInputElement>("#environment-own")!;
    own.disabled = true;
    const input = h("input", { id: "panorama", type: "file", accept: "image/*,.hdr" });
    const message = h("p", { id: "panorama-read", class: "quiet", role: "status" });
    input.addEventListener("change", async () => {
      const file = input.files?.[0];
      if (!file) return;
      try {
        message.textContent = "Reading …";
        const read = await readPanorama(file);
        view.own?.texture.dispose();
        view.own = read;
        own.disabled = false;
        own.checked = true;
        message.textContent = `${file.name} is shown; it stays in this browser.`;
        choose("own");
      } catch (error) {
        message.textContent = (error as Error).message;
      }
    });
    return [choices, h("div", { class: "choice" }, h("label", { for: "panorama" }, "Own surroundings: a panorama"), input), message];
  }

  /** A slider whose value goes into the view. */
  private slides(
    id: string,
    label: string,
    [min, max, step]: [number, number, number],
    value: number,
    tell: (value: number) => string,
    set: (value: number) => void,
  ): Control {
    return slider(id, label, { min, max, step, value }, tell, (now, moving) => {
      set(now);
      this.onChange(moving ? "moving" : "still");
    });
  }

  private offerChannels({ select }: { select: HTMLSelectElement }): void {
    const there = channels(this.shown);
    if (!there.includes(this.channel)) this.channel = "all";
    select.replaceChildren(...there.map((one) => h("option", { value: one }, CHANNELS[one])));
    select.value = this.channel;
    select.disabled = there.length === 1;
  }
}

const degrees = (value: number) => `${value}°`;
