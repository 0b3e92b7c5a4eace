/** The one shader: a surface as PBR, as the old games shade it, or one of its maps unlit. */
import { SURROUNDINGS } from "./lights.ts";

export const VERTEX = /* glsl */ `
attribute vec4 tangent;
uniform vec2 uRepeat;
out vec2 vUv;
out vec3 vPosition;
out vec3 vNormal;
out vec3 vTangent;
out vec3 vBitangent;

void main() {
  // The first row of a picture is its top, the first of a texture its bottom.
  vUv = vec2(uv.x, 1.0 - uv.y) * uRepeat;
  vPosition = (modelMatrix * vec4(position, 1.0)).xyz;
  vNormal = normal;
  vTangent = tangent.xyz;
  vBitangent = cross(normal, tangent.xyz) * tangent.w;
  gl_Position = projectionMatrix * viewMatrix * vec4(vPosition, 1.0);
}
`;

export const FRAGMENT = /* glsl */ `
uniform sampler2D uBefore;   // rgb diffuse, a specular mask
uniform sampler2D uAlbedo;
uniform sampler2D uNormal;   // OpenGL
uniform sampler2D uPacked;   // r roughness, g metallic, b ambient occlusion, a height
uniform int uLook;           // 0 PBR, 1 legacy, 2 a map unlit
uniform int uShown;          // which texture is unlit, in the order above
uniform ivec4 uChannels;     // where red, green, blue come from: 0-3 a channel, 4 the texture's own
uniform float uDepth;        // of the whole range of height, in widths of the texture; 0 on the side before
uniform float uAspect;       // width / height of the texture
uniform float uGreen;        // -1 reads green as DirectX does
uniform float uStrength;
in vec2 vUv;
in vec3 vPosition;
in vec3 vNormal;
in vec3 vTangent;
in vec3 vBitangent;
${SURROUNDINGS}
const float PI = 3.14159265;
const float F0 = 0.04;
const float MOST_STEPS = 32.0;

// As unbake/image/shading.py: Lambert, GGX with height-correlated Smith shadowing, Schlick's Fresnel.
vec3 fresnel(vec3 f0, float cosine) {
  return f0 + (1.0 - f0) * pow(1.0 - cosine, 5.0);
}

vec3 pbr(vec2 at, vec3 n, vec3 eye) {
  vec3 albedo = texture(uAlbedo, at).rgb;
  vec4 map = texture(uPacked, at);
  float roughness = map.r, metallic = map.g, ao = map.b;
  vec3 f0 = mix(vec3(F0), albedo, metallic);
  float nl = max(dot(n, uLight), 0.0), nv = max(dot(n, eye), 1e-4);
  vec3 h = normalize(uLight + eye);
  float alpha2 = pow(max(roughness, 0.04), 4.0);
  vec3 across = cross(n, h);
  float nh = max(dot(n, h), 0.0);
  float density = dot(across, across) + nh * nh * alpha2;
  float distribution = alpha2 / (PI * density * density);
  float visibility = 0.5 / (nv * sqrt(nl * nl * (1.0 - alpha2) + alpha2) + nl * sqrt(nv * nv * (1.0 - alpha2) + alpha2));
  vec3 reflected = fresnel(f0, max(dot(eye, h), 0.0)) * distribution * visibility;
  float crossed = (1.0 - fresnel(vec3(F0), nl).x) * (1.0 - fresnel(vec3(F0), nv).x);
  vec3 direct = (crossed * (1.0 - metallic) * albedo / PI + reflected) * nl * uStrength;

  // What the lobe makes of even surroundings: Karis 2014, "Physically Based Shading on Mobile".
  vec4 r = roughness * vec4(-1.0, -0.0275, -0.572, 0.022) + vec4(1.0, 0.0425, 1.04, -0.04);
  float a = min(r.x * r.x, exp2(-9.28 * nv)) * r.x + r.y;
  vec2 scale = vec2(-1.04, 1.04) * a + r.zw;
  vec3 mirrored = surroundings(reflect(-eye, n), 0.01 + roughness * roughness) * (f0 * scale.x + scale.y);
  vec3 scattered = (1.0 - F0) * (1.0 - metallic) * albedo * surroundings(n, 1.3);
  return direct + (scattered + mirrored) * ao;
}

// Diffuse x Lambert and a Blinn-Phong highlight where the mask says so; an even sky, no reflection of it.
vec3 legacy(vec2 at, vec3 n, vec3 eye) {
  vec4 before = texture(uBefore, at);
  float nl = max(dot(n, uLight), 0.0);
  float shine = nl > 0.0 ? pow(max(dot(n, normalize(uLight + eye)), 0.0), 30.0) : 0.0;
  return before.rgb * (nl * uStrength / PI + surroundings(n, 1.3)) + before.a * shine * uStrength / PI;
}

// Khronos PBR neutral: leaves colours below 0.8 - F0 as they are, so that a dim albedo is the albedo.
vec3 toned(vec3 colour) {
  float low = min(colour.r, min(colour.g, colour.b));
  colour -= low < 0.08 ? low - 6.25 * low * low : 0.04;
  float peak = max(colour.r, max(colour.g, colour.b));
  const float start = 0.76, rest = 1.0 - start;
  if (peak < start) return colour;
  float kept = 1.0 - rest * rest / (peak + rest - start);
  return mix(vec3(kept), colour * kept / peak, 1.0 / (0.15 * (peak - kept) + 1.0));
}

vec3 encoded(vec3 linear) {
  linear = clamp(linear, 0.0, 1.0);
  return mix(linear * 12.92, 1.055 * pow(linear, vec3(1.0 / 2.4)) - 0.055, step(0.0031308, linear));
}

// Where the eye's ray meets the height field, whose top is the surface: steps down, then between the last two.
vec2 met(vec2 at, vec3 eye) {
  if (uDepth <= 0.0) return at;
  vec2 dx = dFdx(at), dy = dFdy(at);
  vec2 reach = -eye.xy / max(eye.z, 0.15) * uDepth * vec2(1.0, -uAspect);
  float steps = clamp(length(reach) * 400.0, 4.0, MOST_STEPS);
  vec2 shift = reach / steps;
  float layer = 1.0, before = 1.0;
  float gap = 1.0 - textureGrad(uPacked, at, dx, dy).a;
  for (float i = 0.0; i < MOST_STEPS; i++) {
    if (i >= steps || gap <= 0.0) break;
    before = gap;
    at += shift;
    layer -= 1.0 / steps;
    gap = layer - textureGrad(uPacked, at, dx, dy).a;
  }
  return gap < 0.0 ? at + shift * gap / (before - gap) : at;
}

vec4 unlit(vec2 at) {
  vec4 shown = uShown == 0 ? texture(uBefore, at) : uShown == 1 ? texture(uAlbedo, at)
    : uShown == 2 ? texture(uNormal, at) : texture(uPacked, at);
  if (uShown < 2) shown.rgb = encoded(shown.rgb);
  if (uShown == 2) shown.g = 0.5 + (shown.g - 0.5) * uGreen;
  return uChannels.x > 3 ? shown : vec4(shown[uChannels.x], shown[uChannels.y], shown[uChannels.z], 1.0);
}

void main() {
  mat3 frame = mat3(normalize(vTangent), normalize(vBitangent), normalize(vNormal));
  vec3 eye = normalize(cameraPosition - vPosition);
  vec2 at = met(vUv, eye * frame);
  if (uLook == 2) {
    gl_FragColor = vec4(unlit(at).rgb, 1.0);
    return;
  }
  vec3 n = texture(uNormal, at).rgb * 2.0 - 1.0;
  n.y *= uGreen;
  n = normalize(frame * vec3(n.xy, max(n.z, 0.02)));
  vec3 colour = uLook == 1 ? legacy(at, n, eye) : pbr(at, n, eye);
  gl_FragColor = vec4(encoded(toned(colour)), 1.0);
}
`;
