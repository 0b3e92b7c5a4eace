/** Entry point of the page: reads the index and shows the gallery, or the set that the address names. */
import "./style.css";
import { h } from "./dom.ts";
import { Gallery } from "./gallery.ts";
import { keys } from "./help.ts";
import { listen } from "./load.ts";
import { MaterialView } from "./material.ts";
import type { Page } from "./contract.ts";

const root = document.documentElement;
const app = document.querySelector("#app")!;

function start(page: Page): void {
  listen();
  document.title = `${page.title} – unbake viewer`;
  const gallery = new Gallery(page);
  const back = () => void (location.hash = "");
  const step = (by: number) => {
    const place = gallery.order.findIndex((one) => one.key === opened);
    const next = gallery.order[place + by];
    if (next) location.hash = `set=${encodeURIComponent(next.key)}`;
  };
  let opened: string | undefined;
  // WebGL begins with the first set: whoever only looks through the gallery does not wait for it.
  let view: MaterialView | undefined;

  const route = () => {
    const key = /^#set=(.+)$/.exec(location.hash)?.[1];
    const entry = key === undefined ? undefined : page.sets.find((one) => one.key === decode(key));
    if (!entry) {
      if (view) view.element.hidden = true;
      view?.close();
      gallery.show(opened);
      opened = undefined;
      root.dataset["state"] = "gallery";
      return;
    }
    gallery.hide();
    if (!view) {
      view = new MaterialView(page, { back, step });
      app.append(view.element);
    }
    view.element.hidden = false;
    if (opened === undefined) {
      window.scrollTo(0, 0);
      view.focus();
    }
    opened = entry.key;
    const place = gallery.order.indexOf(entry);
    void view.open(entry, place < 0 ? "" : `${place + 1} of ${gallery.order.length}`);
  };

  app.replaceChildren(
    ...keys({ inside: () => opened !== undefined, back, step, search: () => gallery.focusSearch() }),
    gallery.element,
  );
  window.addEventListener("hashchange", route);
  route();
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

if (window.UNBAKE) start(window.UNBAKE);
else {
  app.replaceChildren(
    h(
      "main",
      { class: "empty" },
      h("h1", {}, "unbake viewer"),
      h("p", {}, "This is the empty viewer; ", h("code", {}, "unbake view OUT"), " fills it."),
    ),
  );
  root.dataset["state"] = "empty";
}
