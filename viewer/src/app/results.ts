/** The sets as they finish, in the order of a review: before, after, and why; each leads to the viewer. */
import { h } from "../dom.ts";
import type { SetLine, State } from "./contract.ts";
import { counted } from "./words.ts";

const STATUS = { converted: "new", unchanged: "as before", failed: "failed" } as const;

/** Alternative texts of the pictures. */
const LIT = ["before, lit as the old game does", "after, lit as PBR"] as const;
const MAPS = ["before: diffuse", "after: albedo"] as const;

export class Results {
  readonly element = h("section", { id: "results", "aria-labelledby": "results-title", hidden: true });
  private readonly count = h("p", { id: "results-count", class: "quiet" });
  private readonly list = h("ul", { id: "result-list", role: "list" });
  private readonly rows: HTMLElement[] = [];
  private run = 0;
  private order = "";
  private view = "";

  constructor() {
    this.element.append(h("h2", { id: "results-title" }, "5. Look at it"), this.count, this.list);
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", (event) => {
      this.list.querySelector('a[tabindex="0"]')?.setAttribute("tabindex", "-1");
      (event.target as HTMLElement).setAttribute("tabindex", "0");
    });
  }

  /** What to ask the server for next: the list, and how much of it is known. */
  get known(): [number, number] {
    return [this.run, this.rows.length];
  }

  show(state: State): void {
    if (state.run !== this.run) {
      this.run = state.run;
      this.rows.length = 0;
      this.order = "";
      this.list.replaceChildren();
    }
    this.view = state.view;
    this.rows.push(...state.sets.map((line) => this.row(line)));
    const order = state.order.join();
    if (order !== this.order) {
      this.order = order;
      this.arrange(state.order, state.wanted);
    }
    for (const link of this.list.querySelectorAll<HTMLAnchorElement>("a:not([href])")) this.point(link);
    this.element.hidden = this.rows.length === 0;
    this.count.textContent =
      `${counted(this.rows.length, "texture")}, problems first` +
      (state.wanted ? `: ${counted(state.wanted, "texture")} that you should look at.` : ".") +
      " Open one to see it under moving light, and to say what it is.";
  }

  /** Puts the rows in this order; those in place are not moved, which would take the focus from them. */
  private arrange(order: number[], wanted: number): void {
    let next = this.list.firstElementChild;
    for (const [at, place] of order.entries()) {
      const row = this.rows[place];
      if (!row) continue;
      row.classList.toggle("wanted", at < wanted);
      if (row === next) next = next.nextElementSibling;
      else this.list.insertBefore(row, next);
    }
    if (!this.list.querySelector('a[tabindex="0"]'))
      this.list.querySelector("a")?.setAttribute("tabindex", "0");
  }

  private row(line: SetLine): HTMLElement {
    const [before, after] = line.lit ? LIT : MAPS;
    const pictures = (
      [
        [line.before, before],
        [line.after, after],
      ] as const
    )
      .filter(([address]) => address)
      .map(([address, when]) => h("img", { src: address, alt: when, loading: "lazy", decoding: "async" }));
    const failed = line.status === "failed";
    const [warning = "the sources disagree, or several small doubts add up"] = line.warnings;
    const more = line.warnings.length > 1 ? ` (and ${line.warnings.length - 1} more)` : "";
    const link = h(
      "a",
      { tabindex: -1, "data-name": line.name, "data-status": line.status },
      h("span", { class: "thumbs" }, ...pictures),
      h("strong", {}, line.name),
      h("span", { class: failed ? "chip doubtful" : "chip" }, STATUS[line.status]),
      h(
        "span",
        { class: "said" },
        h("span", { class: "headline" }, line.headline),
        failed ? null : h("span", { class: "warning" }, `Look at it: ${warning}${more}`),
      ),
    );
    this.point(link);
    return h("li", {}, link);
  }

  private point(link: HTMLAnchorElement): void {
    if (this.view && link.dataset["status"] !== "failed")
      link.href = `${this.view}#name=${encodeURIComponent(link.dataset["name"]!)}`;
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const row = (event.target as HTMLElement).closest("li");
    const to: Record<string, Element | null | undefined> = {
      ArrowDown: row?.nextElementSibling,
      ArrowUp: row?.previousElementSibling,
      Home: this.list.firstElementChild,
      End: this.list.lastElementChild,
    };
    const target = to[event.key];
    if (!target) return;
    event.preventDefault();
    target.querySelector("a")!.focus();
  }
}
