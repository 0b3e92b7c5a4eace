/** The dividers between the columns of the stage, by mouse, touch and keys. */
import { h } from "./dom.ts";

export interface Divided {
  element: HTMLElement;
  /** Where the columns end, [0, 1], ascending; one less than there are columns. */
  splits: number[];
  /** Labels of the columns from now on; dividers that can be moved stay where they are if there are as many. */
  show(labels: readonly string[], movable: boolean): void;
}

/** Dividers over whatever `element` is laid upon. */
export function dividers(onMove: (moving: boolean) => void): Divided {
  const element = h("div", { class: "dividers" });
  const made: Divided = { element, splits: [], show };

  function show(labels: readonly string[], movable: boolean): void {
    if (!movable || made.splits.length !== labels.length - 1) {
      made.splits = labels.slice(1).map((_, place) => (place + 1) / labels.length);
    }
    const captions = labels.map((text, place) => h("span", { class: "caption", "data-column": place }, text));
    const handles = made.splits.map((_, place) => handle(place, `${labels[place]} | ${labels[place + 1]}`));
    element.replaceChildren(...captions, ...(movable ? handles : []));
    arrange();
  }

  function handle(place: number, label: string): HTMLElement {
    const one = h("div", {
      id: place === 0 ? "split" : `split-${place + 1}`,
      class: "split",
      role: "slider",
      tabindex: 0,
      "aria-label": label,
      "aria-orientation": "horizontal",
      "aria-valuemin": 0,
      "aria-valuemax": 100,
    });
    one.addEventListener("pointerdown", (event) => {
      one.setPointerCapture(event.pointerId);
      one.focus();
      event.preventDefault();
    });
    one.addEventListener("pointermove", (event) => {
      if (!one.hasPointerCapture(event.pointerId)) return;
      const box = element.getBoundingClientRect();
      move(place, (event.clientX - box.left) / box.width, true);
    });
    one.addEventListener("pointerup", () => onMove(false));
    one.addEventListener("keydown", (event) => {
      const step = event.shiftKey ? 0.1 : 0.02;
      const now = made.splits[place]!;
      const keys: Record<string, number> = {
        ArrowLeft: now - step,
        ArrowDown: now - step,
        ArrowRight: now + step,
        ArrowUp: now + step,
        PageDown: now - 0.1,
        PageUp: now + 0.1,
        Home: 0,
        End: 1,
      };
      const to = keys[event.key];
      if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      move(place, to, false);
    });
    return one;
  }

  /** A divider stays between its neighbours. */
  function move(place: number, to: number, moving: boolean): void {
    const low = made.splits[place - 1] ?? 0;
    const high = made.splits[place + 1] ?? 1;
    made.splits[place] = Math.min(Math.max(to, low), high);
    arrange();
    onMove(moving);
  }

  function arrange(): void {
    const edges = [0, ...made.splits, 1];
    element.querySelectorAll<HTMLElement>(".split").forEach((one, place) => {
      one.style.left = `${made.splits[place]! * 100}%`;
      one.setAttribute("aria-valuenow", String(Math.round(made.splits[place]! * 100)));
    });
    element.querySelectorAll<HTMLElement>(".caption").forEach((one, place) => {
      one.style.left = `${edges[place]! * 100}%`;
      one.style.maxWidth = `${(edges[place + 1]! - edges[place]!) * 100}%`;
      one.hidden = edges[place + 1]! - edges[place]! < 0.04;
    });
  }

  return made;
}
