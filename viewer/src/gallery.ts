/** All sets as cards, of which only those near the window exist; search, filters, keyboard. */
import type { Entry, Page } from "./contract.ts";
import { choice, h } from "./dom.ts";
import { byReason, select, type Order, type Shown, type Wanted } from "./filter.ts";

/** Least width and the height of a card with the gap below and beside it, pixels; the style sheet has the same height. */
const WIDTH = 264;
const ROW = 288;

/** Rows above and below the window that exist already. */
const AHEAD = 2;

/** Pictures of a card: the lit set before and after, else the first two or three maps of these that there are. */
const LIT = [
  ["before", "before, lit as the old game does"],
  ["after", "after, lit as PBR"],
] as const;
const MAPS = [
  ["diffuse", "before: diffuse"],
  ["albedo", "after: albedo"],
  ["truth/albedo", "truth: albedo"],
] as const;

export class Gallery {
  readonly element: HTMLElement;
  /** The sets that are shown, in their order. */
  order: Entry[] = [];
  private readonly wanted: Wanted = { text: "", shown: "all", order: "given" };
  private readonly search = h("input", {
    id: "search",
    type: "search",
    placeholder: "name, reason or warning",
    autocomplete: "off",
  });
  private readonly count = h("p", { id: "count", role: "status" });
  private readonly list = h("ul", { id: "sets", role: "list" });
  private readonly space = h("div", { id: "space" }, this.list);
  private readonly reasons = h("div", { id: "reasons" });
  private readonly cards = new Map<string, HTMLElement>();
  private active = 0;
  private columns = 1;
  private scrolled = 0;

  constructor(private readonly page: Page) {
    const { sets, failed, skipped } = page;
    const doubtful = sets.filter((one) => one.doubtful).length;
    const warned = sets.filter((one) => one.warnings.length).length;
    const shown: (readonly [Shown, string])[] = [
      ["all", `all sets (${sets.length})`],
      ["doubtful", `to look at (${doubtful})`],
      ["warnings", `with warnings (${warned})`],
      ["failed", `failed (${failed.length})`],
      ["skipped", `skipped (${skipped.length})`],
    ];
    const run = page.kind === "run";
    const orders: (readonly [Order, string])[] = run
      ? [
          ["given", "latest first"],
          ["name", "name"],
        ]
      : [
          ["given", "to look at first"],
          ["name", "name"],
          ["confidence", "surest first"],
        ];
    const set = (change: Partial<Wanted>) => (Object.assign(this.wanted, change), this.update());
    this.wanted.order = orders[0]![0];
    this.search.addEventListener("input", () => set({ text: this.search.value }));
    const tools = h(
      "search",
      { class: "tools" },
      h("div", { class: "choice" }, h("label", { for: "search" }, "Search"), this.search),
      run ? null : choice("shown", "Show", shown, "all", (value) => set({ shown: value })).element,
      choice("order", "Order", orders, this.wanted.order, (order) => set({ order })).element,
    );
    const head = h("header", { class: "title" }, h("h1", {}, page.title), h("p", { class: "quiet" }, page.made));
    const mod = page.mod.map((sentence) => h("p", { class: "quiet" }, sentence));
    this.element = h("main", { id: "gallery", hidden: true }, head, ...mod, tools, this.count, this.reasons, this.space);
    window.addEventListener("scroll", () => this.render(), { passive: true });
    new ResizeObserver(() => this.render()).observe(this.space);
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", (event) => {
      const card = (event.target as HTMLElement).closest<HTMLElement>("[data-place]");
      if (card) this.active = Number(card.dataset["place"]);
    });
    this.update();
  }

  /** Shows the gallery where it was left, at the set that was open. */
  show(key: string | undefined): void {
    this.element.hidden = false;
    window.scrollTo(0, this.scrolled);
    this.render();
    const place = this.order.findIndex((one) => one.key === key);
    if (place >= 0) this.focus(place);
  }

  hide(): void {
    if (this.element.hidden) return;
    this.scrolled = window.scrollY;
    this.element.hidden = true;
  }

  focusSearch(): void {
    this.search.focus();
    this.search.select();
  }

  private update(): void {
    const { shown, text } = this.wanted;
    const left = shown === "failed" || shown === "skipped" ? this.page[shown] : undefined;
    this.order = left ? [] : select(this.page.sets, this.wanted);
    this.active = 0;
    const groups = left ? byReason(left, text) : [];
    this.reasons.replaceChildren(...groups.map(([reason, names]) => group(reason, names)));
    const many = left ? groups.reduce((sum, [, names]) => sum + names.length, 0) : this.order.length;
    const all = (left ?? this.page.sets).length;
    this.count.textContent = (many === all ? "" : `${many} of `) + counted(all, left !== undefined);
    this.space.hidden = left !== undefined;
    this.cards.clear();
    this.list.replaceChildren();
    this.render();
  }

  /** Makes the cards near the window and takes away the others. */
  private render(): void {
    if (this.element.hidden) return;
    const width = this.space.clientWidth;
    this.columns = Math.max(Math.floor((width + 12) / WIDTH), 1);
    const rows = Math.ceil(this.order.length / this.columns);
    this.space.style.height = `${rows * ROW}px`;
    const above = -this.space.getBoundingClientRect().top;
    const first = Math.max(Math.floor(above / ROW) - AHEAD, 0);
    const last = Math.min(Math.ceil((above + window.innerHeight) / ROW) + AHEAD, rows);
    const [from, to] = [first * this.columns, Math.min(last * this.columns, this.order.length)];
    this.list.style.transform = `translateY(${first * ROW}px)`;
    this.list.style.gridTemplateColumns = `repeat(${this.columns}, minmax(0, 1fr))`;
    const wanted = new Set(this.order.slice(from, to).map((one) => one.key));
    for (const [key, card] of this.cards) {
      if (wanted.has(key)) continue;
      card.remove();
      this.cards.delete(key);
    }
    const tabbed = this.active >= from && this.active < to ? this.active : from;
    for (let place = from; place < to; place++) {
      const entry = this.order[place]!;
      const card = this.cards.get(entry.key) ?? this.card(entry, place);
      this.cards.set(entry.key, card);
      // Moving a card that is in its place would take the focus from it.
      if (this.list.children[place - from] !== card)
        this.list.insertBefore(card, this.list.children[place - from] ?? null);
      card.querySelector("a")!.tabIndex = place === tabbed ? 0 : -1;
    }
  }

  private card(entry: Entry, place: number): HTMLElement {
    const lit = LIT.every(([name]) => entry.thumbs[name]);
    const pictures = (lit ? LIT : MAPS)
      .filter(([name]) => entry.thumbs[name])
      .map(([name, alt]) => h("img", { src: entry.thumbs[name], alt, loading: "lazy", decoding: "async" }));
    const [warning = "the sources disagree, or several small doubts add up"] = entry.warnings;
    const more = entry.warnings.length > 1 ? ` (and ${entry.warnings.length - 1} more)` : "";
    const chips = Object.entries(entry.figures)
      .slice(0, 3)
      .map(([name, value]) => h("span", { class: "chip" }, `${name} ${value.toPrecision(2)}`));
    const link = h(
      "a",
      { href: `#set=${encodeURIComponent(entry.key)}`, "data-key": entry.key },
      h("span", { class: "thumbs" }, ...pictures),
      h("strong", {}, entry.name),
      this.page.kind === "run" ? h("span", { class: "chips" }, ...chips) : null,
      entry.headline ? h("span", { class: "headline" }, entry.headline) : null,
      entry.doubtful ? h("span", { class: "warning" }, `Look at it: ${warning}${more}`) : null,
    );
    return h("li", { "data-place": place, "aria-setsize": this.order.length, "aria-posinset": place + 1 }, link);
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.target === this.search && (event.key === "ArrowDown" || event.key === "Enter")) {
      event.preventDefault();
      return this.focus(0);
    }
    if (!(event.target as HTMLElement).closest("#sets")) return;
    const to: Record<string, number> = {
      ArrowLeft: this.active - 1,
      ArrowRight: this.active + 1,
      ArrowUp: this.active - this.columns,
      ArrowDown: this.active + this.columns,
      Home: 0,
      End: this.order.length - 1,
    };
    const place = to[event.key];
    if (place === undefined) return;
    event.preventDefault();
    if (place >= 0 && place < this.order.length) this.focus(place);
  }

  private focus(place: number): void {
    const entry = this.order[place];
    if (!entry) return;
    this.active = place;
    const top = this.space.getBoundingClientRect().top + Math.floor(place / this.columns) * ROW;
    // Below the tools, which stay at the top.
    const tools = this.element.querySelector(".tools")!.getBoundingClientRect();
    const high = getComputedStyle(this.element.querySelector(".tools")!).position === "sticky" ? tools.height + 8 : 8;
    if (top < high) window.scrollBy(0, top - high);
    else if (top + ROW > window.innerHeight) window.scrollBy(0, top + ROW - window.innerHeight);
    this.render();
    this.cards.get(entry.key)?.querySelector("a")!.focus({ preventScroll: true });
  }
}

const counted = (many: number, files: boolean) => `${many} ${files ? "file" : "set"}${many === 1 ? "" : "s"}`;

/** A folded list, whose names are made when it is opened: there can be many thousands. */
function group(reason: string, names: string[]): HTMLElement {
  const list = h("ul", {});
  const details = h("details", {}, h("summary", {}, `${reason} (${names.length})`), list);
  details.addEventListener("toggle", () => {
    if (details.open && !list.firstChild) list.append(...names.map((one) => h("li", {}, one)));
  });
  details.open = names.length <= 20;
  return details;
}
