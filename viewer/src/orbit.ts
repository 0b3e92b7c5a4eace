/** Mouse, touch and keys on the canvas: turning the shape, coming nearer, moving the light. */
import type { View } from "./stage.ts";

const NEAREST = 1.8;
const FARTHEST = 9;
const STEP = 5;

/** Degrees in a range that wraps at 180. */
export const turned = (degrees: number) => ((((degrees + 180) % 360) + 360) % 360) - 180;

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);

/** Changes `view` and calls `onMove`; its argument: whether more moves are about to follow. */
export function orbit(canvas: HTMLElement, view: () => View, onMove: (moving: boolean) => void): void {
  const turn = (x: number, y: number) => {
    const { camera } = view();
    camera.azimuth = turned(camera.azimuth - x);
    camera.elevation = clamp(camera.elevation + y, -85, 85);
  };
  const shine = (x: number, y: number) => {
    const { light } = view();
    light.azimuth = Math.round(turned(light.azimuth + x));
    light.elevation = Math.round(clamp(light.elevation + y, -30, 90));
  };
  const approach = (factor: number) => {
    const { camera } = view();
    camera.distance = clamp(camera.distance * factor, NEAREST, FARTHEST);
  };

  const down = new Map<number, PointerEvent>();
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, event);
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = down.get(event.pointerId);
    if (!last) return;
    down.set(event.pointerId, event);
    const [x, y] = [event.clientX - last.clientX, event.clientY - last.clientY];
    const other = [...down.values()].find((one) => one.pointerId !== event.pointerId);
    if (other) {
      const span = (one: PointerEvent) => Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY);
      approach(span(last) / Math.max(span(event), 1));
    } else if (event.buttons & 2 || event.shiftKey) shine(x * 0.5, -y * 0.5);
    else turn(x * 0.4, y * 0.4);
    onMove(true);
  });
  for (const end of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(end, (event) => {
      if (down.delete(event.pointerId)) onMove(false);
    });
  }
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      approach(Math.exp(clamp(event.deltaY, -100, 100) * 0.001));
      onMove(true);
    },
    { passive: false },
  );
  canvas.addEventListener("keydown", (event) => {
    const arrows: Record<string, [number, number]> = {
      ArrowLeft: [-STEP, 0],
      ArrowRight: [STEP, 0],
      ArrowUp: [0, STEP],
      ArrowDown: [0, -STEP],
    };
    const arrow = arrows[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (arrow) (event.shiftKey ? shine : turn)(...arrow);
    else if (event.key === "+" || event.key === "=") approach(0.9);
    else if (event.key === "-") approach(1.1);
    else return;
    event.preventDefault();
    onMove(false);
  });
}
