/** What would happen: how many sets, time and disk, and what is left out and why. */
import { h } from "../dom.ts";
import type { Group, Plan } from "./contract.ts";
import { counted, duration, megabytes } from "./words.ts";

/** Names shown of a group; more are counted. */
const NAMES = 200;

export function planned(plan: Plan): HTMLElement[] {
  const todo = plan.planned.length;
  const time = plan.seconds === null || !todo ? "" : `, about ${duration(plan.seconds)} on this computer`;
  const short = plan.disk > plan.free;
  return [
    h(
      "p",
      { id: "plan-sum" },
      h("strong", {}, `${counted(todo, "texture")} would be converted`),
      `${time}${plan.unchanged ? `; ${counted(plan.unchanged, "texture")} done already` : ""}.`,
    ),
    h(
      "p",
      { class: short ? "warning" : "quiet" },
      `Up to ${megabytes(plan.disk)} of disk, of which ${megabytes(plan.free)} are free.`,
    ),
    ...plan.notes.map((note) => h("p", { class: "quiet" }, note)),
    ...plan.failed.map((group) => folded(group, "Cannot be read: ", "warning")),
    ...plan.skipped.map((group) => folded(group, "Left out: ", "")),
    ...(todo ? [folded({ reason: "the textures", names: plan.planned }, "Would be converted: ", "")] : []),
  ];
}

/** A folded list, whose names are made when it is opened. */
export function folded(group: Group, before: string, kind: string): HTMLElement {
  const list = h("ul", {});
  const summary = h("summary", {}, `${before}${group.reason} (${group.names.length})`);
  const details = h("details", { class: kind || undefined }, summary, list);
  details.addEventListener("toggle", () => {
    if (!details.open || list.firstChild) return;
    list.append(...group.names.slice(0, NAMES).map((name) => h("li", {}, name)));
    const more = group.names.length - NAMES;
    if (more > 0) list.append(h("li", {}, `and ${more} more`));
  });
  return details;
}
