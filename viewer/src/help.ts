/** The keys, and the sheet that names them. */
import { button, h } from "./dom.ts";

export interface Doings {
  /** Whether a set is open; else the gallery is. */
  inside: () => boolean;
  back: () => void;
  step: (by: number) => void;
  search: () => void;
}

const KEYS: readonly (readonly [string, string, string])[] = [
  ["Gallery", "arrows, Home, End", "go from set to set"],
  ["Gallery", "Enter", "open the set"],
  ["Gallery", "/", "search; Enter goes to the first set found"],
  ["Set", "Escape", "back to all sets"],
  ["Set", "n, p", "next and previous set"],
  ["Picture", "arrows, mouse", "turn the shape"],
  ["Picture", "Shift + arrows, right button", "move the light"],
  ["Picture", "+, −, wheel", "nearer, farther"],
  ["Divider", "arrows, Home, End, mouse", "more of one side, more of the other"],
  ["All", "?", "these keys"],
];

/** Listens to the keys of the whole page; returns what belongs in it. */
export function keys(doings: Doings): HTMLElement[] {
  const rows = KEYS.map(([where, key, what]) =>
    h("tr", {}, h("th", { scope: "row" }, where), h("td", {}, h("kbd", {}, key)), h("td", {}, what)),
  );
  const close = button("close-help", "Close", () => sheet.close());
  const sheet = h(
    "dialog",
    { id: "help", "aria-label": "Keys" },
    h("h2", {}, "Keys"),
    h("table", {}, h("tbody", {}, ...rows)),
    close,
  );
  const open = button("open-help", "Keys", () => sheet.showModal(), { title: "?" });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented || sheet.open) return;
    const typing = (event.target as HTMLElement).matches("input[type=search], select");
    const act = ACTS[event.key];
    if (!act || (typing && event.key !== "Escape")) return;
    if (act(doings, sheet)) event.preventDefault();
  });
  return [open, sheet];
}

/** Action of a key; false if it has none here. */
const ACTS: Record<string, (doings: Doings, sheet: HTMLDialogElement) => boolean> = {
  "?": (_, sheet) => (sheet.showModal(), true),
  "/": (doings) => !doings.inside() && (doings.search(), true),
  Escape: (doings) => doings.inside() && (doings.back(), true),
  n: (doings) => doings.inside() && (doings.step(1), true),
  p: (doings) => doings.inside() && (doings.step(-1), true),
};
