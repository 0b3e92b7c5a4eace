/** The app: shows what the server says, and has it do what a button says; the server holds all that matters. */
import "./app.css";
import { button, h } from "../dom.ts";
import type { AppPage, Phase, Settings, State } from "./contract.ts";
import { steps } from "./next.ts";
import { planned } from "./plan.ts";
import { Results } from "./results.ts";
import * as server from "./server.ts";
import { EMPTY, SettingsForm } from "./settings.ts";
import { counted, duration } from "./words.ts";

/** Milliseconds between two looks at the server, while something runs and while nothing does. */
const [SOON, LATER] = [500, 2000];

const BUSY: Phase[] = ["looking", "running", "stopping", "zipping"];

const GO: Partial<Record<Phase, string>> = {
  paused: "Go on",
  stopped: "Go on",
  ended: "Convert again what changed",
};

const SAID: Partial<Record<Phase, string>> = {
  looking: "Looking at the mod…",
  stopping: "Stopping, when what is being written is finished…",
  paused: "Paused. What is finished stays; go on whenever you like, even tomorrow.",
  stopped: "Stopped. What is finished stays.",
  ended: "Finished.",
  zipping: "Zipping…",
};

export function startApp(root: Element, page: AppPage): void {
  const app = new App(page);
  root.replaceChildren(app.element);
  void app.follow();
}

class App {
  readonly element = h("main", { id: "unbake-app" });
  private readonly alert = h("p", { id: "alert", role: "alert" });
  private readonly form = new SettingsForm(
    (settings) => this.changed(settings),
    (settings) => void this.act("show", settings),
  );
  private readonly plan = h("div", { id: "plan" });
  private readonly status = h("p", { id: "status", role: "status" });
  private readonly bar = h("progress", { id: "progress", "aria-label": "Progress" });
  private readonly next = h("section", { id: "next", "aria-labelledby": "next-title" });
  private readonly results = new Results();
  private readonly codes = Object.fromEntries(
    ["look", "convert", "zip"].map((name) => [name, h("code", { class: "command", id: `command-${name}` })]),
  ) as Record<"look" | "convert" | "zip", HTMLElement>;
  private readonly look = button("look", "Find out what would happen", () => void this.act("look"));
  private readonly go = button("go", "Convert", () => void this.act("convert"), { class: "main" });
  private readonly pause = button("pause", "Pause", () => void this.act("pause"));
  private readonly stop = button("stop", "Stop", () => void this.act("stop"));
  private readonly zip = button("zip", "Zip it", () => void this.act("zip"));
  private readonly open = button("open", "Open the folder", () => void this.act("open"));
  private readonly zipped = h("p", { id: "zipped", role: "status" });
  private readonly steps = h("div", {});
  private readonly looking = h("section", { id: "would", "aria-labelledby": "would-title" });
  private readonly running = h("section", { id: "run", "aria-labelledby": "run-title" });
  private state: State | undefined;
  private shownPlan = -1;
  private timer = 0;
  private asking = false;
  private again = false;

  constructor(page: AppPage) {
    this.looking.append(
      h("h2", { id: "would-title" }, "3. What would happen?"),
      h("p", { class: "buttons" }, this.look),
      this.codes.look,
      this.plan,
    );
    this.running.append(
      h("h2", { id: "run-title" }, "4. Convert"),
      h("p", { class: "buttons" }, this.go, this.pause, this.stop),
      this.codes.convert,
      this.bar,
      this.status,
    );
    this.next.append(
      this.steps,
      h("p", { class: "buttons" }, this.zip, this.open),
      this.codes.zip,
      this.zipped,
    );
    this.element.append(
      h("header", { class: "title" }, h("h1", {}, "unbake"), h("p", { class: "quiet" }, page.made)),
      h("p", { class: "quiet" }, "Turns old game textures into PBR materials. All of it happens on this computer."),
      this.alert,
      this.form.choosing,
      this.form.options,
      this.looking,
      this.running,
      this.results.element,
      this.next,
      this.form.dialog.element,
    );
    document.title = "unbake";
  }

  /** Asks the server again and again; what it says is shown. */
  async follow(): Promise<void> {
    window.clearTimeout(this.timer);
    if (this.asking) return void (this.again = true); // two answers would hold the same sets
    this.asking = true;
    try {
      const state = await server.state(...this.results.known);
      await this.show(state);
      if (this.alert.dataset["silent"]) this.say("");
    } catch (error) {
      this.say((error as Error).message);
      this.alert.dataset["silent"] = "true";
    }
    this.asking = false;
    this.timer = window.setTimeout(() => void this.follow(), this.again ? 0 : this.busy ? SOON : LATER);
    this.again = false;
  }

  private get busy(): boolean {
    return this.state !== undefined && BUSY.includes(this.state.phase);
  }

  private async act(action: server.Action, settings: Settings = this.form.settings): Promise<void> {
    this.say("");
    try {
      await server.act(action, settings);
      if (action === "show") this.form.show(settings);
    } catch (error) {
      this.say((error as Error).message);
    }
    await this.follow();
  }

  private say(sentence: string): void {
    this.alert.textContent = sentence;
    delete this.alert.dataset["silent"];
  }

  /** The person chose something else: what was found out of the former choice is no longer shown. */
  private changed(settings: Settings): void {
    this.say("");
    this.refresh();
    if (!settings.sources.length || !settings.out) return;
    server.commands(settings).then(
      (commands) => this.showCommands(commands),
      (error: Error) => this.say(error.message),
    );
  }

  private async show(state: State): Promise<void> {
    const first = this.state === undefined;
    this.state = state;
    if (first) {
      this.form.show(state.settings.sources.length ? state.settings : SettingsForm.draft());
      if (this.form.settings.sources.length) this.changed(this.form.settings);
    }
    if (state.plan !== this.shownPlan && state.plan > 0) {
      const plan = await server.plan();
      this.plan.replaceChildren(...(plan ? planned(plan) : []));
      this.shownPlan = state.plan;
    }
    if (state.message && !this.busy && state.phase !== "ended") this.say(state.message);
    this.results.show(state);
    this.refresh();
    document.documentElement.dataset["state"] = state.phase;
  }

  private showCommands(commands: { look: string; convert: string; zip: string }): void {
    for (const name of ["look", "convert", "zip"] as const) this.codes[name].textContent = commands[name];
  }

  /** Shows and hides what fits what is chosen and what runs. */
  private refresh(): void {
    const { state, form } = this;
    if (!state) return;
    const same = JSON.stringify(state.settings) === JSON.stringify({ ...EMPTY, ...form.settings });
    const chosen = form.settings.sources.length > 0 && form.settings.out !== "";
    const progress = same ? state.progress : null;
    this.looking.hidden = this.running.hidden = !chosen;
    this.plan.hidden = !same || !["planned", "running", "stopping"].includes(state.phase);
    this.look.disabled = this.go.disabled = this.zip.disabled = this.busy;
    this.go.hidden = state.phase === "running" || state.phase === "stopping";
    this.go.textContent = (same && (state.message && state.phase === "stopped" ? "Try again" : GO[state.phase])) || "Convert";
    this.pause.hidden = state.phase !== "running";
    this.stop.hidden = !["running", "stopping", "looking", "zipping"].includes(state.phase);
    this.stop.textContent = state.phase === "stopping" ? "Stop at once" : "Stop";
    this.bar.hidden = !progress || (!this.busy && state.phase === "planned");
    if (progress?.total) {
      this.bar.max = progress.total;
      this.bar.value = progress.done;
    } else this.bar.removeAttribute("value");
    this.status.textContent = this.told(state, same);
    this.results.element.classList.toggle("old", !same);
    const finished = same && state.view !== "" && !["running", "stopping", "looking"].includes(state.phase);
    this.next.hidden = !finished;
    this.steps.replaceChildren(...steps(state.settings));
    this.zipped.textContent = state.zip ? `Made ${state.zip}` : "";
  }

  private told(state: State, same: boolean): string {
    if (!same && !this.busy) return "";
    const { progress, phase } = state;
    const said = SAID[phase] ?? "";
    if (phase === "ended" && progress)
      return `${said} ${counted(progress.converted, "texture")} converted, ${progress.unchanged} as before, ${progress.failed} failed. ${state.message}`;
    if (phase !== "running" || !progress) return said;
    if (progress.total === null) return "Getting ready…";
    const left = progress.seconds_left === null ? "" : `, about ${duration(progress.seconds_left)} left`;
    const slowest = progress.slowest ? `; the slowest part: ${progress.slowest}` : "";
    return `${progress.done} of ${counted(progress.total, "texture")}${left}${slowest}`;
  }
}
