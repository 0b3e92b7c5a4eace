/** The dialog in which a folder is chosen: usual places, the folders in a folder, mods among them marked. */
import { button, h } from "../dom.ts";
import type { Folder, Item, Place } from "./contract.ts";
import * as server from "./server.ts";
import { counted } from "./words.ts";

export interface Chosen {
  path: string;
  sources: string[];
}

export class FolderDialog {
  readonly element = h("dialog", { id: "folders", "aria-labelledby": "folders-title" });
  private readonly title = h("h2", { id: "folders-title" });
  private readonly where = h("input", {
    id: "folder-path",
    type: "text",
    "aria-label": "Folder",
    spellcheck: "false",
    autocomplete: "off",
  });
  private readonly list = h("ul", { id: "folder-items", role: "list" });
  private readonly places = h("ul", { id: "places", role: "list" });
  private readonly message = h("p", { id: "folder-message", role: "alert" });
  private readonly take = button("take-folder", "Convert this folder", () => this.choose(this.shown?.path));
  private shown: Folder | undefined;
  /** Counts folders that were asked for: only the answer to the last one is shown. */
  private asked = 0;
  private typed = false;
  private done: (chosen: Chosen) => void = () => {};

  constructor() {
    const go = h("form", { class: "path" }, this.where, h("button", { id: "go-folder" }, "Go"));
    this.where.addEventListener("input", () => (this.typed = true));
    go.addEventListener("submit", (event) => {
      event.preventDefault();
      this.typed = false;
      void this.show(this.where.value.trim());
    });
    const cancel = button("cancel-folder", "Cancel", () => this.element.close());
    this.element.append(
      this.title,
      h("div", { class: "browser" }, this.places, h("div", {}, go, this.message, this.list)),
      h("p", { class: "buttons" }, this.take, cancel),
    );
  }

  /** Lets a person choose; `done` is called with the choice, unless it was cancelled. */
  async open(title: string, take: string, path: string, done: (chosen: Chosen) => void): Promise<void> {
    this.done = done;
    this.title.textContent = title;
    this.take.textContent = take;
    this.typed = false;
    this.element.showModal();
    const asked = ++this.asked;
    const { places } = await server.places().catch(() => ({ places: [] as Place[] }));
    this.places.replaceChildren(...places.map((place) => h("li", {}, this.place(place))));
    if (asked === this.asked) await this.show(path || places[0]?.path || "/");
  }

  private place(place: Place): HTMLElement {
    const open = () => (place.sources.length ? this.choose(place.path, place.sources) : void this.show(place.path));
    const made = button("", place.title, open, { title: place.note || place.path });
    made.removeAttribute("id");
    return made;
  }

  private async show(path: string): Promise<void> {
    const asked = ++this.asked;
    this.message.textContent = "";
    const found = await server.folder(path).catch((error: Error) => error);
    if (asked !== this.asked) return;
    if (found instanceof Error) return void (this.message.textContent = found.message);
    this.shown = found;
    const { parent, items, left } = found;
    if (!this.typed) this.where.value = found.path;
    const up = parent === null ? [] : [{ name: "..  (up)", path: parent, folder: true, mod: false }];
    this.list.replaceChildren(...[...up, ...items].map((item) => h("li", {}, this.item(item))));
    if (left) this.message.textContent = `${counted(left, "more item")} not shown: type the path above.`;
    else if (!items.length) this.message.textContent = "There are no folders in here.";
    this.list.scrollTop = 0;
    // The button that was pressed is gone; the keyboard goes on in the new list.
    if (document.activeElement === document.body || document.activeElement === this.element)
      this.list.querySelector("button")?.focus();
  }

  private item(item: Item): HTMLElement {
    const mark = item.mod ? h("span", { class: "chip" }, item.folder ? "mod" : "archive") : null;
    const made = h("button", { type: "button", class: item.folder ? "folder" : "file" }, h("span", {}, item.name), mark);
    made.addEventListener("click", () => (item.folder ? void this.show(item.path) : this.choose(item.path)));
    return made;
  }

  private choose(path: string | undefined, sources?: string[]): void {
    if (path === undefined) return;
    this.element.close();
    this.done({ path, sources: sources ?? [path] });
  }
}
