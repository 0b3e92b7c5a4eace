/** The sliders that change a set's maps, and saving their values as rules. */
import { adjusted, changes, sameValues, UNCHANGED } from "./adjust.ts";
import { ADJUSTABLE, MAPS, type Entry, type MapName, type Page, type Tuning } from "./contract.ts";
import { button, checkbox, h, percent, radios, slider } from "./dom.ts";
import type { Pictures } from "./pixels.ts";
import { keep, kept } from "./kept.ts";
import { changesOf, rulesText, withChanges, type Said } from "./rules.ts";
import { download, send } from "./saving.ts";

export class Adjusting {
  readonly element = h("section", { id: "adjust", "aria-label": "Adjust maps" });
  private entry: Entry | undefined;
  private source: Pictures | undefined;
  private readonly values = new Map<MapName, Tuning>();
  private readonly dirty = new Set<MapName>();
  private pending = 0;
  private scope: "one" | "all" = "one";
  private readonly message = h("p", { id: "saved", role: "status" });

  /** onChange is given the maps that have new pixels, and whether more is about to follow. */
  constructor(
    private readonly page: Page,
    private readonly onChange: (names: MapName[], moving: boolean) => void,
  ) {}

  /** Shows the sliders of a set, as the rules stand; returns its pictures with them applied. */
  open(entry: Entry, source: Pictures): Pictures {
    this.entry = entry;
    this.source = source;
    this.values.clear();
    for (const [name, values] of keptTunings(this.place)) this.values.set(name, values);
    this.message.textContent = this.values.size ? "Your changes of last time are back; they are not saved yet." : "";
    this.element.replaceChildren(...this.content(source));
    return this.pictures();
  }

  /** The pictures as the sliders stand. */
  pictures(): Pictures {
    const { width, height, maps } = this.source!;
    const names = Object.keys(maps) as MapName[];
    return { width, height, maps: Object.fromEntries(names.map((name) => [name, this.pixels(name)])) };
  }

  /** The pixels of one map as the sliders stand. */
  pixels(name: MapName) {
    const { maps } = this.source!;
    const { start } = MAPS[name];
    return adjusted(name, maps[name]!, this.now(name), typeof start === "string" ? maps[start] : undefined);
  }

  /** What the changes of a set are kept under. */
  private get place(): string {
    return `adjust ${this.page.title} ${this.entry!.key}`;
  }

  private said(name: MapName): Tuning {
    return { ...UNCHANGED, ...this.entry!.adjust[name] };
  }

  private now(name: MapName): Tuning {
    return this.values.get(name) ?? this.said(name);
  }

  private content(source: Pictures): HTMLElement[] {
    const rows = ADJUSTABLE.filter((name) => source.maps[name]).map((name) => this.row(name));
    const scope = radios(
      "scope",
      "Save for",
      [
        ["one", "this texture"],
        ["all", "all textures"],
      ],
      this.scope,
      (value) => (this.scope = value),
    );
    const save = button(
      "save",
      this.page.served ? `Save to ${this.page.rules}` : `Download ${this.page.rules}`,
      () => void this.save(),
    );
    const reset = button("reset", "Reset", () => this.reset());
    return [h("h2", {}, "Adjust"), ...rows, scope, h("p", { class: "buttons" }, save, reset), this.message];
  }

  private row(name: MapName): HTMLElement {
    const spec = MAPS[name];
    const set = (values: Partial<Tuning>, moving: boolean) => {
      this.values.set(name, { ...this.now(name), ...values });
      this.touch(name, moving);
    };
    const { strength, bias, invert } = this.now(name);
    const parts = [
      // Rules go to 10; few people do.
      slider(
        `${name}-strength`,
        "Strength",
        { min: 0, max: strength > 3 ? 10 : 3, step: 0.05, value: strength },
        percent,
        (value, moving) => set({ strength: value }, moving),
      ).element,
    ];
    if (!spec.vector) {
      parts.push(
        slider(`${name}-bias`, "Bias", { min: -1, max: 1, step: 0.01, value: bias }, signed, (value, moving) =>
          set({ bias: value }, moving),
        ).element,
      );
    }
    parts.push(checkbox(`${name}-invert`, "Invert", invert, (value) => set({ invert: value }, false)));
    return h(
      "fieldset",
      { class: "adjusted", "data-map": name, "data-changed": changes(this.now(name)) },
      h("legend", {}, spec.label),
      ...parts,
    );
  }

  /** Many events of a slider come to one change before the next repaint. */
  private touch(name: MapName, moving: boolean): void {
    this.element.querySelector(`[data-map=${name}]`)?.toggleAttribute("data-changed", changes(this.now(name)));
    this.dirty.add(name);
    cancelAnimationFrame(this.pending);
    this.pending = requestAnimationFrame(() => {
      const names = [...this.dirty];
      this.dirty.clear();
      keep(this.place, Object.fromEntries(this.values));
      this.onChange(names, moving);
    });
  }

  private reset(): void {
    const names = [...this.values.keys()];
    this.values.clear();
    keep(this.place, {});
    this.message.textContent = "";
    this.element.replaceChildren(...this.content(this.source!));
    this.element.querySelector<HTMLElement>("#reset")?.focus();
    this.onChange(names, false);
  }

  private async save(): Promise<void> {
    const entry = this.entry!;
    const said: Said = {};
    for (const [name, values] of this.values) if (!sameValues(values, this.said(name))) said[name] = values;
    if (Object.keys(said).length === 0) {
      this.message.textContent = "Nothing has changed since it was last saved: move a slider first.";
      return;
    }
    try {
      const name = this.scope === "all" ? null : entry.name;
      const rules = withChanges(this.page, said, name);
      const done = this.page.served
        ? await send(this.page, { name, changes: changesOf(said) })
        : download(this.page, rulesText(rules));
      Object.assign(this.page, rules);
      entry.adjust = { ...entry.adjust, ...said };
      keep(this.place, {});
      this.message.textContent = this.scope === "all" ? `${done} Rules for single textures still go on top.` : done;
    } catch (error) {
      this.message.textContent = `Not saved: ${(error as Error).message}`;
    }
  }
}

/** The changes that were kept of a set; what is none is left out. */
function keptTunings(place: string): [MapName, Tuning][] {
  const found = Object.entries((kept(place) ?? {}) as Record<string, Partial<Tuning>>);
  return ADJUSTABLE.flatMap((name) => {
    const values = found.find(([one]) => one === name)?.[1];
    if (typeof values?.strength !== "number" || typeof values.bias !== "number") return [];
    return [[name, { strength: values.strength, bias: values.bias, invert: values.invert === true }]];
  });
}

const signed = (value: number) => `${value > 0 ? "+" : value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}`;
