import assert from "node:assert/strict";
import { test } from "node:test";
import { adjusted, UNCHANGED, type Pixels } from "../src/adjust.ts";

const pixel = (...values: number[]) => new Uint8ClampedArray([...values, 255]) as Pixels;

test("what is not changed is the very same array", () => {
  const pixels = pixel(1, 2, 3);
  assert.equal(adjusted("roughness", pixels, UNCHANGED), pixels);
});

test("strength multiplies roughness, and bias is added after", () => {
  const found = adjusted("roughness", pixel(100, 100, 100), { strength: 0.5, bias: 0.2, invert: false });
  assert.deepEqual([...found], [101, 101, 101, 255]);
});

test("strength 0 leads ao to open, height to its middle, metallic to none", () => {
  const none = { strength: 0, bias: 0, invert: false };
  const left = (["ao", "height", "metallic"] as const).map((name) => adjusted(name, pixel(30, 30, 30), none)[0]);
  assert.deepEqual(left, [255, 127, 0]);
});

test("values are inverted before the rest, and clipped after it", () => {
  const found = adjusted("metallic", pixel(10, 10, 10), { strength: 2, bias: 0, invert: true });
  assert.equal(found[0], 255);
});

test("strength takes albedo from its diffuse and beyond it", () => {
  const between = adjusted("albedo", pixel(100, 50, 0), { strength: 0.5, bias: 0, invert: false }, pixel(50, 50, 50));
  assert.deepEqual([...between], [75, 50, 25, 255]);
});

test("strength 0 makes normals flat, and inversion turns the slopes over", () => {
  const slope = pixel(191, 89, 231);
  const flat = adjusted("normal", slope, { strength: 0, bias: 0, invert: false });
  assert.deepEqual([...flat], [128, 128, 255, 255]);
  const turned = adjusted("normal", slope, { strength: 1, bias: 0, invert: true });
  assert.ok(turned[0]! < 128 && turned[1]! > 128);
  const back = adjusted("normal", turned, { strength: 1, bias: 0, invert: true });
  for (let i = 0; i < 3; i++) assert.ok(Math.abs(back[i]! - slope[i]!) <= 2);
});
