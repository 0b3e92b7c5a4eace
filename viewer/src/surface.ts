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
  /** Diffuse; alpha: specular mask. */
  before: DataTexture;
  /** Albedo; alpha: metal mask, which is only looked at. */
  albedo: DataTexture;
  normal: DataTexture;
  /** The normal of the old files, without any changes. */
  source: DataTexture;
  packed: DataTexture;
}

/** A texture that a map can be looked at in. */
export type Shown = Exclude<keyof Surface, "source">;

/** The texture of a surface that holds a map, and in which channel where it is only one. */
export const PLACES: Record<MapName, readonly [Shown, number?]> = {
  diffuse: ["before"],
  specular: ["before", 3],
  albedo: ["albedo"],
  metallic_mask: ["albedo", 3],
  normal: ["normal"],
  roughness: ["packed", 0],
  metallic: ["packed", 1],
  ao: ["packed", 2],
  height: ["packed", 3],
};

/** In the order of the shader's `uShown`. */
export const TEXTURES = ["before", "albedo", "normal", "packed"] as const satisfies readonly Shown[];

/**
 * Textures of the pictures. Absent maps have no effect: an albedo is its diffuse, a diffuse its albedo.
 *
 * source: the normal of the old files, where it may differ from that of the pictures.
 */
export function makeSurface(pictures: Pictures, anisotropy: number, source?: Pixels): Surface {
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
  return {
    before: texture(withAlpha(colour("diffuse", "albedo"), maps.specular, 0), true),
    albedo: texture(withAlpha(colour("albedo", "diffuse"), maps.metallic_mask, 0), true),
    normal: texture(maps.normal ?? flat(pictures, "normal"), false),
    source: texture(source ?? maps.normal ?? flat(pictures, "normal"), false),
    packed: texture(packed(pictures), false),
  };
}

/** Puts new pixels of an adjustable map into a surface. */
export function replaceMap(surface: Surface, name: MapName, pixels: Pixels): void {
  const [place] = PLACES[name];
  const texture = surface[place];
  const held = texture.image.data as Pixels;
  const channel = (PACKED as readonly MapName[]).indexOf(name);
  if (channel < 0) texture.image.data = withAlpha(pixels, held, 3);
  else for (let i = 0; i < held.length; i += 4) held[i + channel] = pixels[i]!;
  texture.needsUpdate = true;
}

export function disposeSurface(surface: Surface): void {
  for (const texture of Object.values(surface)) texture.dispose();
}

/** A copy of a picture whose alpha is a channel of another; 0 without it. */
function withAlpha(pixels: Pixels, other: Pixels | undefined, channel: number): Pixels {
  const result = new Uint8ClampedArray(pixels);
  for (let i = 0; i < result.length; i += 4) result[i + 3] = other?.[i + channel] ?? 0;
  return result;
}

function flat(pictures: Pictures, name: MapName): Pixels {
  const [red, green, blue] = MAPS[name].neutral;
  const pixels = new Uint8ClampedArray(pictures.width * pictures.height * 4).fill(255);
  for (let i = 0; i < pixels.length; i += 4) pixels.set([red, green, blue], i);
  return pixels;
}
