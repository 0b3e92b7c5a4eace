/** The pictures of one surface as four textures, the way the shader reads them. */
import {
  DataTexture,
  LinearFilter,
  LinearMipmapLinearFilter,
  NoColorSpace,
  RepeatWrapping,
  RGBAFormat,
  SRGBColorSpace,
  UnsignedByteType,
} from "three";
import type { Pixels } from "./adjust.ts";
import { MAPS, type MapName } from "./contract.ts";
import { PACKED, packed, type Pictures } from "./pixels.ts";

export interface Surface {
  before: DataTexture;
  albedo: DataTexture;
  normal: DataTexture;
  packed: DataTexture;
}

/** The texture of a surface that holds a map, and in which channel where it is only one. */
export const PLACES: Record<MapName, readonly [keyof Surface, number?]> = {
  diffuse: ["before"],
  specular: ["before", 3],
  albedo: ["albedo"],
  normal: ["normal"],
  roughness: ["packed", 0],
  metallic: ["packed", 1],
  ao: ["packed", 2],
  height: ["packed", 3],
};

/** In the order of the shader's `uShown`. */
export const TEXTURES = ["before", "albedo", "normal", "packed"] as const satisfies readonly (keyof Surface)[];

/** Textures of the pictures. What is not there does nothing: an albedo is its diffuse, a diffuse its albedo. */
export function makeSurface(pictures: Pictures, anisotropy: number): Surface {
  const { width, height, maps } = pictures;
  const colour = (name: MapName, other: MapName) => maps[name] ?? maps[other] ?? flat(pictures, name);
  const texture = (pixels: Pixels, srgb: boolean) => {
    const made = new DataTexture(pixels, width, height, RGBAFormat, UnsignedByteType);
    made.colorSpace = srgb ? SRGBColorSpace : NoColorSpace;
    made.wrapS = made.wrapT = RepeatWrapping;
    made.magFilter = LinearFilter;
    made.minFilter = LinearMipmapLinearFilter;
    made.generateMipmaps = true;
    made.anisotropy = anisotropy;
    made.needsUpdate = true;
    return made;
  };
  const before = new Uint8ClampedArray(colour("diffuse", "albedo"));
  for (let i = 3; i < before.length; i += 4) before[i] = maps.specular?.[i - 3] ?? 0;
  return {
    before: texture(before, true),
    albedo: texture(colour("albedo", "diffuse"), true),
    normal: texture(maps.normal ?? flat(pictures, "normal"), false),
    packed: texture(packed(pictures), false),
  };
}

/** Puts new pixels of an adjustable map into a surface. */
export function replaceMap(surface: Surface, name: MapName, pixels: Pixels): void {
  const [place] = PLACES[name];
  const texture = surface[place];
  const channel = (PACKED as readonly MapName[]).indexOf(name);
  if (channel < 0) {
    texture.image.data = pixels;
  } else {
    const held = texture.image.data as Pixels;
    for (let i = 0; i < held.length; i += 4) held[i + channel] = pixels[i]!;
  }
  texture.needsUpdate = true;
}

export function disposeSurface(surface: Surface): void {
  for (const texture of Object.values(surface)) texture.dispose();
}

function flat(pictures: Pictures, name: MapName): Pixels {
  const [red, green, blue] = MAPS[name].neutral;
  const pixels = new Uint8ClampedArray(pictures.width * pictures.height * 4).fill(255);
  for (let i = 0; i < pixels.length; i += 4) pixels.set([red, green, blue], i);
  return pixels;
}
