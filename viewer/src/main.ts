/** Entry point of the page: reads the index and shows the gallery, or the set that the address names. */
import "./style.css";
import { h } from "./dom.ts";
import { Gallery } from "./gallery.ts";
import { keys } from "./help.ts";
import { listen } from "./load.ts";
import { MaterialView } from "./material.ts";
import type { AppPage } from "./app/contract.ts";
import { startApp } from "./app/main.ts";
import type { Entry, Page } from "./contract.ts";

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
    const entry = addressed(page);
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
    ...(fromApp() ? [h("a", { id: "back-to-app", href: "../../#results" }, "← Back to the conversion")] : []),
    gallery.element,
  );
  window.addEventListener("hashchange", route);
  route();
}

/** The set that the address names: by its key, or, where the app leads here, by its name. */
function addressed(page: Page): Entry | undefined {
  const [, by, text] = /^#(set|name)=(.+)$/.exec(location.hash) ?? [];
  if (text === undefined) return undefined;
  const wanted = decode(text);
  return page.sets.find((one) => (by === "set" ? one.key : one.name) === wanted);
}

/** Whether the app serves this page: it does so below /token/view/. */
const fromApp = () => /^\/[^/]+\/view\/[^/]+\/$/.test(location.pathname);

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const given = window.UNBAKE as Page | AppPage | null;
if (given?.kind === "app") startApp(app, given);
else if (given) start(given);
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
