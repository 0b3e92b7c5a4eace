/** The controls of the view: what is shown, on which shape, in which light. Holds what they say. */
import type { MapName } from "./contract.ts";
import { checkbox, choice, h, percent, radios, slider, type Control } from "./dom.ts";
import { label, type Shown } from "./flat.ts";
import { channels, type Comparison } from "./looks.ts";
import type { Channel } from "./pixels.ts";
import { HOMES, SHAPES, type Shape, type View } from "./stage.ts";

/** "columns": anything may be different; "moving": more is about to follow. */
export type Change = "columns" | "moving" | "still";

const CHANNELS: Record<Channel, string> = { all: "all", r: "red", g: "green", b: "blue", a: "alpha" };

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
    camera: { ...HOMES.sphere },
  };
  flat = false;
  shown: Shown | "shaded" = "shaded";
  channel: Channel = "all";
  comparison: Comparison = { id: "", label: "", columns: [], beside: false };
  private relief = 0;
  /** How deep a person wants the relief, in terms of what the set says. */
  private deepness = 1;
  private readonly azimuth: Control;
  private readonly elevation: Control;
  private readonly what = h("div", { class: "pair" });
  private readonly relieved: Control;

  constructor(
    webgl: boolean,
    private readonly onChange: (change: Change) => void,
  ) {
    const { view } = this;
    this.flat = !webgl;
    const tell = (moving: boolean) => onChange(moving ? "moving" : "still");
    const shapes: (readonly [Shape | "flat", string])[] = [
      ...SHAPES.map((one) => [one, one] as const),
      ["flat", "flat map"],
    ];
    const shape = radios("shape", "Shape", shapes, webgl ? "sphere" : "flat", (value) => {
      this.flat = value === "flat";
      if (value !== "flat" && value !== view.shape) {
        view.shape = value;
        view.camera = { ...HOMES[value] };
      }
      this.element.classList.toggle("flat-only", this.flat);
      onChange("columns");
    });
    if (!webgl) {
      for (const one of SHAPES) shape.querySelector<HTMLInputElement>(`#shape-${one}`)!.disabled = true;
      this.element.append(
        h(
          "p",
          { class: "note", id: "no-webgl" },
          "This browser draws nothing in three dimensions (it has no WebGL 2); the flat maps are all here.",
        ),
      );
    }
    this.element.classList.toggle("flat-only", this.flat);
    const light = { min: 0, max: 3, step: 0.05, value: 1 };
    this.azimuth = slider(
      "light-azimuth",
      "Light around",
      { min: -180, max: 180, step: 1, value: view.light.azimuth },
      degrees,
      (value, moving) => {
        view.light.azimuth = value;
        tell(moving);
      },
    );
    this.elevation = slider(
      "light-elevation",
      "Light height",
      { min: -30, max: 90, step: 1, value: view.light.elevation },
      degrees,
      (value, moving) => {
        view.light.elevation = value;
        tell(moving);
      },
    );
    this.relieved = slider("depth", "Relief", { min: 0, max: 3, step: 0.1, value: 1 }, percent, (value, moving) => {
      this.deepness = value;
      view.depth = value * this.relief;
      tell(moving);
    });
    this.element.append(
      h("h2", {}, "View"),
      shape,
      this.what,
      h(
        "div",
        { class: "solid" },
        slider(
          "tiling",
          "Tiling",
          { min: 1, max: 8, step: 1, value: 1 },
          (value) => `${value}×`,
          (value, moving) => {
            view.tiling = value;
            tell(moving);
          },
        ).element,
        this.relieved.element,
        radios(
          "environment",
          "Surroundings",
          [
            ["studio", "studio"],
            ["outdoor", "outdoor"],
          ],
          view.environment,
          (value) => {
            view.environment = value;
            tell(false);
          },
        ),
        this.azimuth.element,
        this.elevation.element,
        slider("light-strength", "Light strength", light, percent, (value, moving) => {
          view.light.strength = value;
          tell(moving);
        }).element,
        checkbox(
          "directx",
          "Read the normal's green as DirectX does (wrong here, to see the difference)",
          false,
          (value) => {
            view.directx = value;
            tell(false);
          },
        ),
      ),
    );
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
    const options = [["shaded", "shaded (flat: albedo)"] as const, ...maps.map((one) => [one, label(one)] as const)];
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

  private offerChannels({ select }: { select: HTMLSelectElement }): void {
    const there = channels(this.shown);
    if (!there.includes(this.channel)) this.channel = "all";
    select.replaceChildren(...there.map((one) => h("option", { value: one }, CHANNELS[one])));
    select.value = this.channel;
    select.disabled = there.length === 1;
  }
}

const degrees = (value: number) => `${value}°`;
