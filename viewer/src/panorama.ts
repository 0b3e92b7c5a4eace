/** Surroundings from a file that a person chooses: a panorama twice as wide as high. It is read here and sent nowhere. */
import {
  ClampToEdgeWrapping,
  DataTexture,
  DataUtils,
  HalfFloatType,
  LinearFilter,
  LinearMipmapLinearFilter,
  LinearSRGBColorSpace,
  RepeatWrapping,
  RGBAFormat,
  type Texture,
} from "three";
import { HDRLoader } from "three/examples/jsm/loaders/HDRLoader.js";

export interface Own {
  texture: Texture;
  /** Factor that gives it the mean radiance of the other surroundings. */
  light: number;
}

/** Size of what is kept: reflections are seen no finer. */
const WIDTH = 1024;
const HEIGHT = 512;

/** Mean radiance of the studio. */
const MEAN = 0.45;

const EXPECTED = "Choose a JPEG, PNG, WebP or .hdr panorama";

/** The surroundings in a file; an Error in one sentence where it is no picture. */
export async function readPanorama(file: File): Promise<Own> {
  const pixels = /\.hdr$/i.test(file.name) ? await radiance(file) : await display(file);
  let sum = 0;
  let weights = 0;
  for (let y = 0; y < HEIGHT; y += 4) {
    const weight = Math.sin((Math.PI * (y + 0.5)) / HEIGHT);
    for (let x = 0; x < WIDTH; x += 4) {
      const at = (y * WIDTH + x) * 4;
      sum += weight * (0.2126 * pixels[at]! + 0.7152 * pixels[at + 1]! + 0.0722 * pixels[at + 2]!);
      weights += weight;
    }
  }
  const texture = new DataTexture(Uint16Array.from(pixels, half), WIDTH, HEIGHT, RGBAFormat, HalfFloatType);
  texture.colorSpace = LinearSRGBColorSpace;
  texture.wrapS = RepeatWrapping;
  texture.wrapT = ClampToEdgeWrapping;
  texture.magFilter = LinearFilter;
  texture.minFilter = LinearMipmapLinearFilter;
  texture.generateMipmaps = true;
  texture.needsUpdate = true;
  return { texture, light: MEAN / Math.max(sum / weights, 0.01) };
}

/** A sun's radiance would be a spot of white noise in every reflection. */
const half = (value: number) => DataUtils.toHalfFloat(Math.min(value, 200));

/** Linear RGBA of a picture as screens show it. */
async function display(file: File): Promise<Float32Array> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { resizeWidth: WIDTH, resizeHeight: HEIGHT, resizeQuality: "high" });
  } catch {
    throw new Error(`${file.name} is no picture that this browser reads. ${EXPECTED}.`);
  }
  const context = new OffscreenCanvas(WIDTH, HEIGHT).getContext("2d", { willReadFrequently: true })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const table = Float32Array.from({ length: 256 }, (_, code) => {
    const value = code / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return Float32Array.from(context.getImageData(0, 0, WIDTH, HEIGHT).data, (code) => table[code]!);
}

/** Linear RGBA of a Radiance file, the nearest texels of it. */
async function radiance(file: File): Promise<Float32Array> {
  let read: { width: number; height: number; data: ArrayLike<number> };
  try {
    read = new HDRLoader().parse(await file.arrayBuffer()) as typeof read;
  } catch {
    throw new Error(`${file.name} is no Radiance picture. ${EXPECTED}.`);
  }
  const result = new Float32Array(WIDTH * HEIGHT * 4);
  const [across, down] = [read.width / WIDTH, read.height / HEIGHT];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) average(read, result, (y * WIDTH + x) * 4, x * across, y * down, across, down);
  }
  return result;
}

/** Puts the mean of a rectangle of texels at a place of the result. */
function average(
  { width, height, data }: { width: number; height: number; data: ArrayLike<number> },
  result: Float32Array,
  at: number,
  left: number,
  top: number,
  across: number,
  down: number,
): void {
  const [right, bottom] = [Math.min(Math.ceil(left + across), width), Math.min(Math.ceil(top + down), height)];
  let many = 0;
  for (let y = Math.floor(top); y < bottom; y++) {
    for (let x = Math.floor(left); x < right; x++, many++) {
      const from = (y * width + x) * 4;
      for (let c = 0; c < 3; c++) result[at + c]! += DataUtils.fromHalfFloat(data[from + c]!);
    }
  }
  for (let c = 0; c < 3; c++) result[at + c]! /= Math.max(many, 1);
}
