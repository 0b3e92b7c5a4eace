/** Maps as flat pictures: one large, or all of a set small; works without WebGL. */
import type { Pixels } from "./adjust.ts";
import { MAPS, MAP_NAMES, type MapName } from "./contract.ts";
import { h } from "./dom.ts";
import { channelOf, ERROR_SHOWN, errorPicture, packed, RAMP, type Channel, type Pictures } from "./pixels.ts";

/** A map by its name, or the four of one channel together. */
export type Shown = MapName | "packed";

export const label = (shown: Shown) =>
  shown === "packed" ? "Packed (roughness, metallic, AO, height)" : MAPS[shown].label;

/** The pictures of one map: as made and, where there is a truth, that and the error beside it. */
export function flatView(shown: Shown, channel: Channel, made: Pictures, truth: Pictures | undefined): HTMLElement {
  const pixels = (of: Pictures) => (shown === "packed" ? packed(of) : of.maps[shown]);
  const one = pixels(made);
  if (!one) return h("p", { class: "note" }, `This set has no ${label(shown).toLowerCase()}.`);
  const figure = (name: string, image: Pixels) => picture(name, `${label(shown)}, ${name}`, image, made);
  const other = truth && predicted(shown, made, truth) ? pixels(truth) : undefined;
  const pictures = other
    ? [
        ...(shown === "albedo" && made.maps.diffuse ? [figure("input", channelOf(made.maps.diffuse, channel))] : []),
        figure("prediction", channelOf(one, channel)),
        figure("truth", channelOf(other, channel)),
        figure("error", errorPicture(channelOf(one, channel), channelOf(other, channel))),
      ]
    : [figure(label(shown), channelOf(one, channel))];
  return h("div", { class: "flat" }, ...pictures, other && legend());
}

/** Every map of a validation sample in a column: prediction, truth, error and its figure. */
export function errorTable(made: Pictures, truth: Pictures, figures: Record<string, number>): HTMLElement {
  const names = MAP_NAMES.filter((name) => made.maps[name] && predicted(name, made, truth));
  const row = (head: string, cell: (name: MapName) => Node | string) =>
    h("tr", {}, h("th", { scope: "row" }, head), ...names.map((name) => h("td", { "data-map": name }, cell(name))));
  const pictures = (head: string, pixels: (name: MapName) => Pixels) =>
    row(head, (name) => canvas(`${MAPS[name].label}, ${head.toLowerCase()}`, pixels(name), made));
  const heads = names.map((name) => h("th", { scope: "col" }, MAPS[name].label.replace("Ambient occlusion", "AO")));
  return h(
    "section",
    { id: "errors", "aria-label": "Errors of each map" },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, h("td"), ...heads)),
      h(
        "tbody",
        {},
        pictures("Prediction", (name) => made.maps[name]!),
        pictures("Truth", (name) => truth.maps[name]!),
        pictures("Error", (name) => errorPicture(made.maps[name]!, truth.maps[name]!)),
        row("Figure", (name) => figures[name]?.toPrecision(3) ?? "–"),
      ),
    ),
    legend(),
  );
}

/** Whether prediction and truth are two pictures; an input is one and the same. */
function predicted(shown: Shown, made: Pictures, truth: Pictures): boolean {
  return shown === "packed" || (!!truth.maps[shown] && truth.maps[shown] !== made.maps[shown]);
}

function picture(name: string, alt: string, pixels: Pixels, size: Pictures): HTMLElement {
  return h("figure", {}, canvas(alt, pixels, size), h("figcaption", {}, name));
}

function canvas(alt: string, pixels: Pixels, size: Pictures): HTMLCanvasElement {
  const made = h("canvas", { width: size.width, height: size.height, role: "img", "aria-label": alt });
  made.getContext("2d")!.putImageData(new ImageData(pixels, size.width, size.height), 0, 0);
  return made;
}

function legend(): HTMLElement {
  const colours = RAMP.map((colour) => `rgb(${colour.join(" ")})`).join(", ");
  const ramp = h("span", {
    class: "ramp",
    role: "img",
    "aria-label": "from black over purple and orange to pale yellow",
  });
  ramp.style.background = `linear-gradient(to right, ${colours})`;
  return h("p", { class: "legend" }, "Error 0 ", ramp, ` ${ERROR_SHOWN} and more of the whole range`);
}
