/** Strength, bias and inversion of a map's bytes; the formulas of unbake/export/adjust.py. */
import { MAPS, type MapName, type Tuning } from "./contract.ts";

export const UNCHANGED: Tuning = { strength: 1, bias: 0, invert: false };

/** As unbake/image/normals.py: a height field has no overhangs. */
const Z_FLOOR = 0.02;

/** Bytes of a picture, four to a pixel, alpha last. */
export type Pixels = Uint8ClampedArray<ArrayBuffer>;

export function changes(how: Tuning): boolean {
  return how.strength !== 1 || how.bias !== 0 || how.invert;
}

export function sameValues(one: Tuning, other: Tuning): boolean {
  return one.strength === other.strength && one.bias === other.bias && one.invert === other.invert;
}

/**
 * The pixels of a map after a user's changes; the very same array without changes.
 *
 * start: the pixels of the map it starts from, for albedo (its diffuse); without them strength leaves it alone.
 */
export function adjusted(name: MapName, pixels: Pixels, how: Tuning, start?: Pixels): Pixels {
  const spec = MAPS[name];
  if (!changes(how)) return pixels;
  if (spec.vector) return bent(pixels, how);
  return typeof spec.start === "number" ? moved(pixels, how, spec.start) : blended(pixels, how, start ?? pixels);
}

/** One value, [0, 1], after the changes; `start` is the pivot, the result of strength 0. */
export function moveValue(value: number, how: Tuning, start: number): number {
  const turned = how.invert ? 1 - value : value;
  return Math.min(Math.max(start + how.strength * (turned - start) + how.bias, 0), 1);
}

function moved(pixels: Pixels, how: Tuning, start: number): Pixels {
  const table = Uint8ClampedArray.from({ length: 256 }, (_, byte) => moveValue(byte / 255, how, start / 255) * 255);
  const result = new Uint8ClampedArray(pixels);
  for (let i = 0; i < result.length; i++) if (i % 4 !== 3) result[i] = table[pixels[i]!]!;
  return result;
}

function blended(pixels: Pixels, how: Tuning, start: Pixels): Pixels {
  const result = new Uint8ClampedArray(pixels);
  for (let i = 0; i < result.length; i++) {
    if (i % 4 !== 3) result[i] = moveValue(pixels[i]! / 255, how, start[i]! / 255) * 255;
  }
  return result;
}

function bent(pixels: Pixels, how: Tuning): Pixels {
  const result = new Uint8ClampedArray(pixels);
  const factor = how.invert ? -how.strength : how.strength;
  for (let i = 0; i < result.length; i += 4) {
    const z = Math.max((pixels[i + 2]! / 255) * 2 - 1, Z_FLOOR);
    const x = (((pixels[i]! / 255) * 2 - 1) / z) * factor;
    const y = (((pixels[i + 1]! / 255) * 2 - 1) / z) * factor;
    const scale = 127.5 / Math.sqrt(x * x + y * y + 1);
    result[i] = x * scale + 127.5;
    result[i + 1] = y * scale + 127.5;
    result[i + 2] = scale + 127.5;
  }
  return result;
}
