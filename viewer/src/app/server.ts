/** Asks the app's server: what there is, and to do things; the token is the first part of the page's own address. */
import type { Chosen, Commands, Folder, Place, Places, Plan, Settings, State } from "./contract.ts";

const SILENT = "unbake does not answer: its window was closed, perhaps. Start unbake app again.";

export type Action = "look" | "convert" | "show" | "pause" | "stop" | "zip" | "open";

async function ask(path: string, body?: unknown): Promise<Response> {
  const token = location.pathname.split("/")[1]!;
  const init: RequestInit =
    body === undefined
      ? {}
      : { method: "POST", body: JSON.stringify(body), headers: { "X-Unbake-Token": token } };
  const answer = await fetch(path, init).catch(() => {
    throw new Error(SILENT);
  });
  if (!answer.ok) throw new Error((await answer.text()) || `The answer was ${answer.status}.`);
  return answer;
}

const read = async <Answer>(path: string, body?: unknown) => (await (await ask(path, body)).json()) as Answer;

export const places = () => read<Places>("places");
export const managers = () => read<Place[]>("managers");
export const plan = () => read<Plan | null>("plan");
export const state = (run: number, start: number) => read<State>(`state/${run}/${start}`);
export const folder = (path: string) => read<Folder>("folder", path);
export const chosen = (sources: string[]) => read<Chosen>("chosen", sources);
export const commands = (settings: Settings) => read<Commands>("commands", settings);
export const act = async (action: Action, settings: Settings | null = null) => void (await ask(action, settings));
