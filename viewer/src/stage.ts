/** Draws one shape in columns, each a look of its own; a frame only when something has changed. */
import {
  BoxGeometry,
  CylinderGeometry,
  Mesh,
  PerspectiveCamera,
  PlaneGeometry,
  Scene,
  ShaderMaterial,
  SphereGeometry,
  Vector2,
  Vector3,
  WebGLRenderer,
  type BufferGeometry,
  type Texture,
} from "three";
import { direction, ENVIRONMENTS, type Environment, type Light } from "./lights.ts";
import type { Own } from "./panorama.ts";
import { FRAGMENT, VERTEX } from "./shader.ts";
import { TEXTURES, type Surface } from "./surface.ts";

export const SHAPES = ["sphere", "plane", "cube", "cylinder"] as const;
export type Shape = (typeof SHAPES)[number];

/** Look of one column: shaded one way or the other, or a texture unlit, with the sources of RGB. */
export type Look = "pbr" | "legacy" | { texture: (typeof TEXTURES)[number]; channels: readonly [number, number, number] };

export interface Column {
  surface: Surface;
  look: Look;
  /** As the old game shows it: the old normal, and no relief, which it had not. */
  before: boolean;
}

/** State from which a frame is drawn. */
export interface Content {
  view: View;
  columns: Column[];
  /** Where columns end, [0, 1], but for the last. */
  splits: number[];
  /** Each column shows the whole shape; else each its part of one. */
  beside: boolean;
}

export interface View {
  shape: Shape;
  tiling: number;
  environment: Environment;
  light: Light;
  /** Of the whole range of height, in widths of the texture. */
  depth: number;
  /** Width / height of the texture. */
  aspect: number;
  directx: boolean;
  /** The picture of the surroundings that a person chose. */
  own: Own | undefined;
  /** Degrees, as the light's. */
  camera: { azimuth: number; elevation: number; distance: number };
}

/** Repeats of a square texture round a shape for one from its top to its bottom. */
const ROUND: Record<Shape, number> = { sphere: 2, plane: 1, cube: 1, cylinder: 3 };

/** Initial view of a shape; a cube by its edge. */
export const HOMES: Record<Shape, View["camera"]> = {
  sphere: { azimuth: 0, elevation: 12, distance: 4.6 },
  plane: { azimuth: 0, elevation: 0, distance: 4.6 },
  cube: { azimuth: -32, elevation: 24, distance: 4.6 },
  cylinder: { azimuth: 0, elevation: 18, distance: 4.6 },
};

const FIELD_OF_VIEW = 30;

/** A frame that takes longer than this, milliseconds, is drawn with fewer pixels while things move. */
const SLOW = 60;

/** Rest after a coarse frame until a fine one is drawn, milliseconds. */
const REST = 300;

export class Stage {
  /** The largest that is worth while here: software renderers filter slowly. */
  readonly anisotropy: number;
  private readonly renderer: WebGLRenderer;
  private readonly scene = new Scene();
  private readonly camera = new PerspectiveCamera(FIELD_OF_VIEW, 1, 0.1, 50);
  private readonly material: ShaderMaterial;
  private readonly mesh: Mesh<BufferGeometry, ShaderMaterial>;
  private readonly geometries = new Map<Shape, BufferGeometry>();
  private pending = 0;
  private rest = 0;
  private took = 0;
  private drawing = false;

  constructor(
    readonly canvas: HTMLCanvasElement,
    gl: WebGL2RenderingContext,
    private readonly content: () => Content | undefined,
  ) {
    this.renderer = new WebGLRenderer({ canvas, context: gl });
    const card = gl.getExtension("WEBGL_debug_renderer_info");
    const software = /swiftshader|llvmpipe|software|basic render/i.test(
      String(gl.getParameter(card ? card.UNMASKED_RENDERER_WEBGL : gl.RENDERER)),
    );
    this.anisotropy = software ? 1 : 8;
    this.material = new ShaderMaterial({ vertexShader: VERTEX, fragmentShader: FRAGMENT, uniforms: uniforms() });
    this.mesh = new Mesh(this.geometry("sphere"), this.material);
    this.scene.add(this.mesh);
    new ResizeObserver(() => this.request()).observe(canvas);
    canvas.addEventListener("webglcontextrestored", () => this.request());
    // The driver compiles while pictures are decoded.
    this.renderer.compile(this.scene, this.camera);
  }

  /** Draws before the next repaint. moving: more is about to follow, so that a slow machine may draw coarsely. */
  request(moving = false): void {
    clearTimeout(this.rest);
    const coarse = moving && this.took > SLOW;
    cancelAnimationFrame(this.pending);
    const draw = () => {
      // Frames that nobody sees yet must not queue up behind one that is being drawn.
      if (this.drawing) this.pending = requestAnimationFrame(draw);
      else this.draw(coarse);
    };
    this.pending = requestAnimationFrame(draw);
  }

  /** Draws now; the number of frames so far is in the canvas's `data-frames`. */
  draw(coarse = false): void {
    cancelAnimationFrame(this.pending);
    const content = this.content();
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!content || width === 0 || height === 0) return;
    const began = performance.now();
    const ratio = Math.min(window.devicePixelRatio, 2) * (coarse ? 0.5 : 1);
    const size = this.renderer.getDrawingBufferSize(new Vector2());
    if (size.x !== Math.floor(width * ratio) || size.y !== Math.floor(height * ratio)) {
      this.renderer.setPixelRatio(ratio);
      this.renderer.setSize(width, height, false);
    }
    this.setShared(content.view);
    const edges = [0, ...content.splits, 1].map((edge) => Math.round(edge * width));
    this.renderer.setScissorTest(true);
    content.columns.forEach((column, place) => {
      const [left, right] = [edges[place]!, edges[place + 1]!];
      if (left === right) return;
      const [from, to] = content.beside ? [left, right] : [0, width];
      this.renderer.setScissor(left, 0, right - left, height);
      this.renderer.setViewport(from, 0, to - from, height);
      this.setCamera(content.view, (to - from) / height);
      this.setUniforms(column, content.view);
      this.renderer.render(this.scene, this.camera);
    });
    this.canvas.dataset["frames"] = String(Number(this.canvas.dataset["frames"] ?? 0) + 1);
    this.watch(began, coarse);
  }

  /** Takes the time until the frame is done, without waiting for it. */
  private watch(began: number, coarse: boolean): void {
    const gl = this.renderer.getContext() as WebGL2RenderingContext;
    const fence = gl.fenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0);
    if (!fence) return;
    gl.flush();
    this.drawing = true;
    const poll = () => {
      if (gl.getSyncParameter(fence, gl.SYNC_STATUS) !== gl.SIGNALED && performance.now() - began < 5000) {
        setTimeout(poll, 4);
        return;
      }
      gl.deleteSync(fence);
      this.drawing = false;
      if (coarse) this.rest = window.setTimeout(() => this.request(), REST);
      else this.took = performance.now() - began;
    };
    setTimeout(poll);
  }

  private setCamera({ camera: { azimuth, elevation, distance } }: View, aspect: number): void {
    const { camera } = this;
    camera.aspect = aspect;
    // A narrow picture sees less to the sides, so that the eye steps back.
    camera.position.set(...direction(azimuth, elevation)).multiplyScalar(distance / Math.min(aspect, 1));
    camera.lookAt(0, 0, 0);
    camera.updateProjectionMatrix();
  }

  private setShared(view: View): void {
    this.mesh.geometry = this.geometry(view.shape);
    // A plane has the form of its texture; round the others the texture goes a whole number of times.
    const flat = view.shape === "plane";
    this.mesh.scale.set(flat ? Math.min(view.aspect, 1) : 1, flat ? Math.min(1 / view.aspect, 1) : 1, 1);
    const set = this.material.uniforms as ReturnType<typeof uniforms>;
    set.uRepeat.value.set(ROUND[view.shape] * view.tiling, view.tiling * (flat ? 1 : view.aspect));
    set.uAspect.value = view.aspect;
    set.uGreen.value = view.directx ? -1 : 1;
    set.uEnvironment.value = ENVIRONMENTS.indexOf(view.environment);
    set.uOwn.value = view.own?.texture ?? null;
    set.uOwnLight.value = view.own?.light ?? 1;
    set.uStrength.value = 3 * view.light.strength;
    set.uLight.value.set(...direction(view.light.azimuth, view.light.elevation));
  }

  private setUniforms({ surface, look, before }: Column, view: View): void {
    const set = this.material.uniforms as ReturnType<typeof uniforms>;
    set.uBefore.value = surface.before;
    set.uAlbedo.value = surface.albedo;
    set.uNormal.value = before ? surface.source : surface.normal;
    set.uDepth.value = before ? 0 : view.depth;
    set.uPacked.value = surface.packed;
    set.uLook.value = look === "pbr" ? 0 : look === "legacy" ? 1 : 2;
    if (typeof look === "string") return;
    set.uShown.value = TEXTURES.indexOf(look.texture);
    set.uChannels.value = [...look.channels, 3];
  }

  private geometry(shape: Shape): BufferGeometry {
    const known = this.geometries.get(shape);
    if (known) return known;
    const made = MAKE[shape]();
    made.computeTangents();
    this.geometries.set(shape, made);
    return made;
  }
}

const MAKE: Record<Shape, () => BufferGeometry> = {
  sphere: () => new SphereGeometry(1, 96, 64),
  plane: () => new PlaneGeometry(2, 2),
  cube: () => new BoxGeometry(1.35, 1.35, 1.35),
  cylinder: () => {
    const made = new CylinderGeometry(0.75, 0.75, 1.57, 96);
    const { normal, uv } = made.attributes;
    // The lids are as wide as one of the repeats round the side.
    for (let i = 0; i < uv!.count; i++) if (normal!.getY(i) !== 0) uv!.setX(i, uv!.getX(i) / ROUND.cylinder);
    return made;
  },
};

function uniforms() {
  const none = () => ({ value: null as Surface["before"] | null });
  return {
    uBefore: none(),
    uAlbedo: none(),
    uNormal: none(),
    uPacked: none(),
    uLook: { value: 0 },
    uShown: { value: 0 },
    uChannels: { value: [4, 4, 4, 3] },
    uDepth: { value: 0 },
    uAspect: { value: 1 },
    uGreen: { value: 1 },
    uStrength: { value: 3 },
    uRepeat: { value: new Vector2(1, 1) },
    uEnvironment: { value: 0 },
    uOwn: { value: null as Texture | null },
    uOwnLight: { value: 1 },
    uLight: { value: new Vector3(0, 0, 1) },
  };
}
