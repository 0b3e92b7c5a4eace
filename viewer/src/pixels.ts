/** Pictures as bytes: decoding, one channel of them, how far two differ; for the flat view and the textures. */
import type { Pixels } from "./adjust.ts";
import { MAPS, MAP_NAMES, TRUTH, type MapName, type SetData } from "./contract.ts";

export type Channel = "all" | "r" | "g" | "b" | "a";

/** The maps of one surface, each of `width` x `height` pixels. */
export interface Pictures {
  width: number;
  height: number;
  maps: Partial<Record<MapName, Pixels>>;
}

/** A set with its pictures decoded; `truth` is there for validation samples. */
export interface Decoded {
  data: SetData;
  made: Pictures;
  truth: Pictures | undefined;
}

/** Error of a whole range that is shown as the ramp's brightest colour. */
export const ERROR_SHOWN = 0.5;

/** The pictures of a set. An Error in one sentence where it has none, or one does not decode. */
export async function decodeSet(data: SetData): Promise<Decoded> {
  if (data.width * data.height === 0) throw new Error(data.missing || "This set has no pictures.");
  const made = await decodeAll(data, "");
  const truth = await decodeAll(data, TRUTH);
  if (Object.keys(truth.maps).length === 0) return { data, made, truth: undefined };
  // What is given to a network is the same on both sides.
  truth.maps = { ...made.maps, ...truth.maps };
  return { data, made, truth };
}

async function decodeAll(data: SetData, prefix: string): Promise<Pictures> {
  const { width, height, images } = data;
  const names = MAP_NAMES.filter((name) => images[prefix + name]);
  const found = await Promise.all(
    names.map(async (name) => [name, await decode(images[prefix + name]!, MAPS[name].label, width, height)] as const),
  );
  return { width, height, maps: Object.fromEntries(found) };
}

async function decode(url: string, label: string, width: number, height: number): Promise<Pixels> {
  const image = new Image();
  image.src = url;
  try {
    await image.decode();
  } catch {
    throw new Error(`The picture of ${label} cannot be decoded; run unbake view again to make it anew.`);
  }
  const canvas = new OffscreenCanvas(width, height);
  // Read back at once: a canvas on the graphics card would have to be fetched.
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data as Pixels;
}

/** One channel of a picture in grey; the picture itself for "all", opaque. */
export function channelOf(pixels: Pixels, channel: Channel): Pixels {
  const result = new Uint8ClampedArray(pixels);
  const offset = ["r", "g", "b", "a"].indexOf(channel);
  for (let i = 0; i < result.length; i += 4) {
    if (offset >= 0) result[i] = result[i + 1] = result[i + 2] = pixels[i + offset]!;
    result[i + 3] = 255;
  }
  return result;
}

/** Roughness, metallic, ao and height in red, green, blue and alpha; neutral for an absent map. */
export function packed(pictures: Pictures): Pixels {
  const result = new Uint8ClampedArray(pictures.width * pictures.height * 4);
  PACKED.forEach((name, channel) => {
    const source = pictures.maps[name];
    const neutral = MAPS[name].neutral[0];
    for (let i = 0; i < result.length; i += 4) result[i + channel] = source ? source[i]! : neutral;
  });
  return result;
}

/** Maps that `packed` puts in red, green, blue, alpha. */
export const PACKED = ["roughness", "metallic", "ao", "height"] as const satisfies readonly MapName[];

/** |one - other| as colours of `RAMP`, the greatest of the channels. */
export function errorPicture(one: Pixels, other: Pixels): Pixels {
  const result = new Uint8ClampedArray(one.length);
  for (let i = 0; i < result.length; i += 4) {
    const gap = Math.max(
      Math.abs(one[i]! - other[i]!),
      Math.abs(one[i + 1]! - other[i + 1]!),
      Math.abs(one[i + 2]! - other[i + 2]!),
    );
    const place = Math.min(gap / 255 / ERROR_SHOWN, 1) * (RAMP.length - 1);
    const low = Math.min(Math.floor(place), RAMP.length - 2);
    for (let c = 0; c < 3; c++) result[i + c] = RAMP[low]![c]! + (place - low) * (RAMP[low + 1]![c]! - RAMP[low]![c]!);
    result[i + 3] = 255;
  }
  return result;
}

/** Black for no error, by purple and orange to pale yellow: brightness rises all the way, so it is read without colour. */
export const RAMP = [
  [0, 0, 0],
  [70, 15, 100],
  [165, 40, 95],
  [235, 105, 40],
  [252, 185, 60],
  [255, 255, 200],
] as const;
