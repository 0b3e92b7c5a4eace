/** Saves rules: sends what was said to whoever serves the page, or offers the whole file as a download. */
import type { Changes, Hint, HintName, Page } from "./contract.ts";
import { h } from "./dom.ts";

/** What unbake/export/rules_file.py takes as SavedChanges. */
export interface Request {
  name: string | null;
  changes: Changes;
  hint?: Hint;
  unsaid?: HintName[];
  folder?: boolean;
}

/** Asks whoever serves the page to save changes; says what happened. */
export async function send(page: Page, request: Request): Promise<string> {
  const answer = await fetch("rules", {
    method: "POST",
    body: JSON.stringify(request),
    headers: { "Content-Type": "application/json", "X-Unbake-Token": page.served!.token },
  }).catch(() => {
    throw new Error("unbake does not answer; start it again.");
  });
  if (!answer.ok) throw new Error((await answer.text()) || `the answer was ${answer.status}.`);
  return `Saved in ${page.rules}; convert again, and only what changed is packed anew.`;
}

/** Offers a file of rules as a download; says what to do with it. */
export function download(page: Page, text: string): string {
  const link = h("a", {
    href: URL.createObjectURL(new Blob([text], { type: "application/toml" })),
    download: page.rules,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  return `Put ${page.rules} beside this page, or name it with --rules, and convert again.`;
}
