/** The picture on view as a PNG to keep: the stage with its captions and dividers, or the flat maps. */
import { h } from "./dom.ts";

const MARGIN = 10;

export interface Shot {
  /** Beside each other, in their own pixels. */
  canvases: readonly HTMLCanvasElement[];
  /** Left edge of each column of the only canvas, [0, 1], and its caption. */
  captions: readonly (readonly [number, string])[];
  title: string;
  background: string;
}

/** Offers a picture as a download, called after its title. Must be called in the task in which the stage was drawn. */
export function snapshot({ canvases, captions, title, background }: Shot): void {
  const width = canvases.reduce((sum, one) => sum + one.width, 0);
  const height = Math.max(...canvases.map((one) => one.height));
  const made = h("canvas", { width, height });
  const context = made.getContext("2d")!;
  context.fillStyle = background;
  context.fillRect(0, 0, width, height);
  let x = 0;
  for (const one of canvases) {
    context.drawImage(one, x, 0);
    x += one.width;
  }
  const size = Math.max(Math.round(height / 36), 14);
  context.font = `${size}px system-ui, sans-serif`;
  captions.forEach(([edge, text], place) => {
    const left = Math.round(edge * width);
    if (place) {
      context.fillStyle = "#fff";
      context.fillRect(left - 1, 0, 2, height);
    }
    caption(context, text, left, 0, size);
  });
  caption(context, title, 0, height - size - MARGIN, size);
  made.toBlob((blob) => {
    const link = h("a", { href: URL.createObjectURL(blob!), download: `${title.replace(/[^\w-]+/g, "-")}.png` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

function caption(context: CanvasRenderingContext2D, text: string, x: number, y: number, size: number): void {
  context.fillStyle = "#000b";
  context.fillRect(x, y, context.measureText(text).width + 2 * MARGIN, size + MARGIN);
  context.fillStyle = "#fff";
  context.textBaseline = "middle";
  context.fillText(text, x + MARGIN, y + (size + MARGIN) / 2);
}
