/** The dialog in which a folder or an archive is chosen: usual places, what is in a folder, mods among them marked. */
import { button, h } from "../dom.ts";
import type { Folder, Item, Kind, Place } from "./contract.ts";
import * as server from "./server.ts";
import { counted } from "./words.ts";

/** What the button that takes a folder says of one of some kinds. */
export type Take = { folder: string } & Partial<Record<Kind, string>>;

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
  private readonly take = button("take-folder", "", () => this.choose(this.shown?.path));
  private shown: Folder | undefined;
  /** Counts folders that were asked for: only the answer to the last one is shown. */
  private asked = 0;
  /** The number of the first folder of this opening. */
  private opened = 0;
  private typed = false;
  private takes: Take = { folder: "" };
  private done: (path: string) => void = () => {};

  constructor() {
    const go = h("form", { class: "path" }, this.where, h("button", { id: "go-folder" }, "Go"));
    this.where.addEventListener("input", () => (this.typed = true));
    go.addEventListener("submit", (event) => {
      event.preventDefault();
      this.go(this.where.value.trim());
    });
    const cancel = button("cancel-folder", "Cancel", () => this.element.close());
    this.element.append(
      this.title,
      h("div", { class: "browser" }, this.places, h("div", {}, go, this.message, this.list)),
      h("p", { class: "buttons" }, this.take, cancel),
    );
  }

  /** Lets a person choose; `done` is called with the choice, unless it was cancelled. */
  async open(title: string, takes: Take, path: string, done: (path: string) => void): Promise<void> {
    this.done = done;
    this.title.textContent = title;
    this.takes = takes;
    this.take.textContent = takes.folder;
    this.typed = false;
    this.element.showModal();
    const asked = ++this.asked;
    const { places } = await server.places().catch(() => ({ places: [] as Place[] }));
    this.places.replaceChildren(...places.map((place) => this.place(place)));
    // These come later: every drive is looked through for them.
    void server.managers().then(
      (found) => asked === this.opened && this.places.prepend(...found.map((place) => this.place(place))),
      () => {},
    );
    this.opened = asked;
    if (asked === this.asked) await this.show(path || places[0]?.path || "/");
  }

  private place(place: Place): HTMLElement {
    const made = button("", place.title, () => this.go(place.path), { title: place.path });
    made.removeAttribute("id");
    return h("li", {}, made);
  }

  /** Shows a folder that a person chose, and its path instead of what stood there. */
  private go(path: string): void {
    this.typed = false;
    void this.show(path);
  }

  private async show(path: string): Promise<void> {
    const asked = ++this.asked;
    this.message.textContent = "";
    const found = await server.folder(path).catch((error: Error) => error);
    if (asked !== this.asked) return;
    if (found instanceof Error) return void (this.message.textContent = found.message);
    this.shown = found;
    const { parent, items, left } = found;
    if (!this.typed) {
      this.where.value = found.path;
      // Who is about to type replaces it.
      if (document.activeElement === this.where) this.where.select();
    }
    this.take.textContent = this.takes[found.kind] ?? this.takes.folder;
    const up: Item[] = parent === null ? [] : [{ name: "..  (up)", path: parent, kind: "folder" }];
    this.list.replaceChildren(...[...up, ...items].map((item) => h("li", {}, this.item(item))));
    if (left) this.message.textContent = `${counted(left, "more item")} not shown: type the path above.`;
    else if (!items.length) this.message.textContent = "There are no folders in here.";
    this.list.scrollTop = 0;
    // The button that was pressed is gone; the keyboard goes on in the new list.
    if (document.activeElement === document.body || document.activeElement === this.element)
      this.list.querySelector("button")?.focus();
  }

  private item(item: Item): HTMLElement {
    const mark = item.kind === "folder" ? null : h("span", { class: "chip" }, item.kind);
    const file = item.kind === "archive";
    const made = h("button", { type: "button", class: file ? "file" : "folder" }, h("span", {}, item.name), mark);
    made.addEventListener("click", () => (file ? this.choose(item.path) : this.go(item.path)));
    return made;
  }

  private choose(path: string | undefined): void {
    if (path === undefined) return;
    this.element.close();
    this.done(path);
  }
}
