/** Facts about a set besides its pictures: confidence, classes, warnings, notes, figures. */
import type { Entry, Page } from "./contract.ts";
import { h, percent } from "./dom.ts";
import type { Decoded } from "./pixels.ts";

export function facts(entry: Entry, page: Page, decoded?: Decoded): HTMLElement[] {
  const rows: [string, string][] = [];
  if (page.kind === "conversion")
    rows.push(["Confidence", percent(entry.confidence) + (entry.doubtful ? ": look at it" : "")]);
  if (decoded) {
    const { width, height, wrap } = decoded.data;
    const tiles =
      wrap[0] && wrap[1] ? "tiles" : wrap[1] ? "tiles across only" : wrap[0] ? "tiles upwards only" : "does not tile";
    rows.push(["Pictures", `${width} × ${height}, ${tiles}`]);
  }
  const list = (name: string, sentences: string[]) =>
    sentences.length ? h("ul", { class: name }, ...sentences.map((one) => h("li", {}, one))) : null;
  return [
    h("h2", {}, "About"),
    h("dl", {}, ...rows.flatMap(([name, text]) => [h("dt", {}, name), h("dd", {}, text)])),
    decoded?.data.missing ? h("p", { class: "note", id: "missing" }, decoded.data.missing) : null,
    list("warnings", entry.warnings),
    list("reasons", entry.reasons),
    list("notes", entry.notes),
  ].filter((one) => one !== null);
}
