/** Surroundings and one movable light: two of formulas, with nothing to load, and a panorama that a person chooses. */

export type Environment = "studio" | "outdoor" | "own";

/** In the order of the shader's `uEnvironment`. */
export const ENVIRONMENTS: readonly Environment[] = ["studio", "outdoor", "own"];

export interface Light {
  /** Degrees, from the front to the right. */
  azimuth: number;
  /** Degrees above the horizon. */
  elevation: number;
  /** Irradiance on a surface that faces the light, in terms of the 3 of unbake/image/shading.py. */
  strength: number;
}

/** Unit vector towards a place on the sphere, y up, z to the front; degrees. */
export function direction(azimuth: number, elevation: number): [number, number, number] {
  const a = (azimuth * Math.PI) / 180;
  const e = (elevation * Math.PI) / 180;
  return [Math.sin(a) * Math.cos(e), Math.sin(e), Math.cos(a) * Math.cos(e)];
}

/**
 * GLSL: radiance that comes from a direction, `surroundings(d, w)`.
 *
 * w widens every edge: about 0.01 for what a mirror shows, 1 and more for the light on a matt surface. An edge that is
 * a smooth step as wide as the lobe of a rough surface is what filtering it with that lobe comes to, near enough.
 */
export const SURROUNDINGS = /* glsl */ `
uniform int uEnvironment;
uniform vec3 uLight;
uniform sampler2D uOwn;      // a panorama, its top row at 0
uniform float uOwnLight;     // factor that makes it as bright as the others

// 1 inside [-h, h], 0 outside, edges of width w; its area stays 2h however wide they are.
float band(float x, float h, float w) {
  return smoothstep(-h - w, -h + w, x) - smoothstep(h - w, h + w, x);
}

// A lamp: a rectangle of half sizes h about an axis, seen from the middle of the world.
float lamp(vec3 d, vec3 axis, vec2 h, float w) {
  vec3 side = normalize(cross(vec3(0.0, 1.0, 0.02), axis));
  float facing = dot(d, axis);
  vec2 place = vec2(dot(d, side), dot(d, cross(axis, side))) / max(facing, 0.08);
  return band(place.x, h.x, w) * band(place.y, h.y, w) * smoothstep(0.0, 0.1 + 0.4 * min(w, 1.0), facing);
}

vec3 studio(vec3 d, float w) {
  vec3 room = mix(vec3(0.16, 0.15, 0.14), vec3(0.42, 0.43, 0.45), smoothstep(-0.35 - w, 0.5 + w, d.y));
  // A dark line where floor and wall meet gives metal something to bend.
  room *= 1.0 - 0.7 * band(d.y + 0.12, 0.05, 0.06 + w);
  room += vec3(2.2) * lamp(d, normalize(vec3(0.1, 1.0, 0.25)), vec2(0.8, 0.45), w);
  room += vec3(3.2, 3.0, 2.8) * lamp(d, normalize(vec3(-0.85, 0.25, 0.5)), vec2(0.28, 0.75), w);
  room += vec3(2.4, 2.6, 3.0) * lamp(d, normalize(vec3(0.9, 0.1, -0.15)), vec2(0.14, 1.0), w);
  room += vec3(0.7) * lamp(d, normalize(vec3(0.55, 0.3, 0.9)), vec2(0.35, 0.5), w);
  return room;
}

vec3 outdoor(vec3 d, float w) {
  float turn = atan(d.x, d.z);
  float hills = (0.07 + 0.05 * sin(3.0 * turn + 1.0) + 0.025 * sin(11.0 * turn)) * (1.0 - min(w, 1.0));
  float sky = smoothstep(-w - 0.01, w + 0.01, d.y - hills);
  vec3 air = mix(vec3(0.95, 0.98, 1.05), vec3(0.20, 0.38, 0.80), smoothstep(-0.1, 0.7 + w, d.y));
  vec2 drift = d.xz / max(d.y + 0.25, 0.1);
  float clouds = sin(2.1 * drift.x + sin(1.7 * drift.y)) * sin(1.9 * drift.y + 1.3 * sin(1.1 * drift.x));
  air = mix(air, vec3(1.25), 0.7 * smoothstep(-w, 0.6 + w, clouds) * smoothstep(0.0, 0.3, d.y));
  // The light is the sun; its disc is the direct light, this is the bright air about it.
  air += vec3(1.2, 0.95, 0.7) * pow(max(dot(d, uLight), 0.0), mix(40.0, 1.5, min(w, 1.0))) * mix(1.0, 0.25, min(w, 1.0));
  vec3 soil = mix(vec3(0.17, 0.16, 0.10), vec3(0.10, 0.09, 0.07), smoothstep(0.0, -0.8, d.y));
  return mix(soil, air, sky);
}

// A level of the panorama whose texels are about as wide as the lobe.
vec3 own(vec3 d, float w) {
  vec2 at = vec2(atan(d.x, -d.z) / 6.2831853 + 0.5, acos(clamp(d.y, -1.0, 1.0)) / 3.1415927);
  float level = log2(max(w * float(textureSize(uOwn, 0).x) / 6.0, 1.0));
  return textureLod(uOwn, at, level).rgb * uOwnLight;
}

vec3 surroundings(vec3 d, float w) {
  return uEnvironment == 0 ? studio(d, w) : uEnvironment == 1 ? outdoor(d, w) : own(d, w);
}
`;
