/** Fetches the data of a set: a script, since a page from file:// may neither fetch nor read a picture beside it. */
import type { Entry, SetData } from "./contract.ts";

/** Sets that stay in memory, so that going back and forth is quick. */
const KEPT = 4;

const known = new Map<string, SetData>();
const waiting = new Map<string, (data: SetData) => void>();

/** Must be called before the first set is loaded. */
export function listen(): void {
  window.UNBAKE_SET = (key, data) => waiting.get(key)?.(data);
}

/** The data of a set; an Error in one sentence where its script is not there or does not bring it. */
export async function loadSet(entry: Entry): Promise<SetData> {
  const have = known.get(entry.key);
  if (have) return have;
  const data = await fetchSet(entry);
  known.set(entry.key, data);
  for (const key of known.keys()) if (known.size > KEPT) known.delete(key);
  return data;
}

function fetchSet(entry: Entry): Promise<SetData> {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const end = () => {
      waiting.delete(entry.key);
      script.remove();
    };
    waiting.set(entry.key, (data) => (end(), resolve(data)));
    script.onerror = () => {
      end();
      reject(
        new Error(`The pictures of ${entry.name} were expected in ${entry.data}; run unbake view again to make them.`),
      );
    };
    script.onload = () => {
      if (!waiting.has(entry.key)) return;
      end();
      reject(
        new Error(`${entry.data} does not hold the pictures of ${entry.name}; delete it and run unbake view again.`),
      );
    };
    script.src = entry.data;
    document.head.append(script);
  });
}
