/** What a person does with the result: look, zip, install, and which programs the game needs. */
import { h } from "../dom.ts";
import type { Settings } from "./contract.ts";

const link = (address: string, text: string) => h("a", { href: address, rel: "noreferrer", target: "_blank" }, text);

export function steps(settings: Settings): HTMLElement[] {
  const skyrim = [
    h("li", {}, "Zip it, and install the zip in your mod manager. Its place in the load order is free."),
    h(
      "li",
      {},
      "Run ",
      link("https://github.com/hakasapl/PGPatcher", "PGPatcher"),
      ", which points the game's meshes at the new textures.",
    ),
    h(
      "li",
      {},
      "Play with ",
      link("https://github.com/doodlum/skyrim-community-shaders", "Community Shaders"),
      " and its TruePBR feature on.",
    ),
  ];
  const others = [h("li", {}, "Zip it, or open the folder: it holds the maps as the program that you chose reads them.")];
  return [
    h("h2", { id: "next-title" }, "6. What next?"),
    h("ol", { class: "steps" }, ...(settings.preset === "skyrim" ? skyrim : others)),
    h(
      "p",
      { class: "quiet" },
      "Converting another author's textures gives you no right to share the result: keep it to yourself, or ask.",
    ),
  ];
}
