"""Trace the light of materials with Blender: `python scripts/trace_light.py MATERIALS OUT`, in an environment with bpy.

A program of its own: the package never imports bpy, which is GPL (`pip install . "bpy==4.2.*"`, Python 3.11). Each
material becomes one file OUT/<category>/<name>.npz, read by `unbake.synth.traced`; what is there is skipped. One
thread a process; several processes may share the materials with --part.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import numpy as np

from unbake.data.sources import MaterialSource, list_materials
from unbake.data.truth import read_material
from unbake.domain.maps import METAL_THRESHOLD, MapKind
from unbake.errors import UnbakeError
from unbake.files import write_atomic
from unbake.image.arrays import Maps, Wrap
from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.resample import reduced
from unbake.image.tiling import tileable_axes
from unbake.synth.displaced import Displaced, displaced, grid, repeated, repeated_normal
from unbake.synth.traced import SUNS, Traced, encode_traced, traced_path

SIZE = 256
SAMPLES = 8
WHITE = 0.5
"""Reflectance of the matt surface: what it throws back at itself is that of bright stone."""

METAL_SHARE = 0.02
"""Share of metal above which the material itself is rendered too."""


def main(arguments: argparse.Namespace) -> None:
    """Trace every material whose file is not there yet, one line of log each."""
    sources = list_materials(arguments.materials)[arguments.part :: arguments.parts]
    if arguments.only:
        sources = [source for source in sources if source.id in arguments.only]
    studio = None
    for number, source in enumerate(sources, 1):
        path = traced_path(arguments.out, source.id)
        if path.exists():
            continue
        studio = studio or Studio(arguments.samples)
        started = time.process_time()
        try:
            traced = trace(studio, source, arguments.size)
        except UnbakeError as error:
            print(f"left out: {source.id}: {error}", flush=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(path, encode_traced(traced), durable=False)
        took, kind = time.process_time() - started, "with metal" if traced.full is not None else "matt"
        print(
            f"{number}/{len(sources)} {source.id} {took:.2f} s {kind} relief {traced.relief:.3f}", flush=True
        )


def trace(studio: "Studio", source: MaterialSource, side: int) -> Traced:
    """The light of one material; relief, suns and sky are drawn by its name."""
    rng = np.random.default_rng([crc32(source.id.encode()), 18])
    truth = reduced(read_material(source), side)
    wrap = tiling_of(source, truth)
    shape = displaced(truth, wrap, rng)
    size = shape.height.shape
    towards = draw_suns(rng)
    surface = studio.surface(repeated(shape.height, wrap), grown(truth, shape, wrap))
    try:
        fields = studio.fields(surface, shape.normal, towards)
        full = None
        if MapKind.METALLIC in truth and (truth[MapKind.METALLIC] > METAL_THRESHOLD).mean() > METAL_SHARE:
            full = as_bright_as(studio.full(surface, size, towards[0], rng), truth[MapKind.ALBEDO])
    finally:
        studio.remove(surface)
    return Traced(fields, towards, shape.relief, full)


def tiling_of(source: MaterialSource, truth: Maps) -> Wrap:
    """The axes that tile: as the metadata say, else as measured."""
    if source.tileable is None:
        return tileable_axes(truth[MapKind.ALBEDO])
    return (source.tileable, source.tileable)


def draw_suns(rng: np.random.Generator) -> np.ndarray:
    """Unit vectors (SUNS, 3) to the suns: about a third of a turn apart, one low, one middle, one high."""
    turns = rng.uniform(0, 2 * np.pi) + np.arange(SUNS) * 2 * np.pi / SUNS + rng.uniform(-0.4, 0.4, SUNS)
    up = np.radians([rng.uniform(22, 34), rng.uniform(34, 48), rng.uniform(48, 65)])
    return np.stack([np.cos(turns) * np.cos(up), np.sin(turns) * np.cos(up), np.sin(up)], -1).astype(
        np.float32
    )


def grown(truth: Maps, shape: Displaced, wrap: Wrap) -> np.ndarray:
    """Normal, colour, linear, roughness and metal of the repeated surface's corners: (2H · 2W, 8)."""
    size = shape.height.shape
    rough = truth.get(MapKind.ROUGHNESS, np.full((*size, 1), 0.6, np.float32))
    metal = truth.get(MapKind.METALLIC, np.zeros((*size, 1), np.float32))
    told = np.concatenate([srgb_to_linear(truth[MapKind.ALBEDO]), rough, metal], -1)
    planes = np.stack([repeated(plane, wrap) for plane in np.moveaxis(told, -1, 0)], -1)
    return np.concatenate([repeated_normal(shape.normal, wrap), planes], -1).reshape(-1, 8)


def as_bright_as(full: np.ndarray, albedo: np.ndarray) -> np.ndarray:
    """A rendering (H, W, 3), linear, with the mean luminance of an albedo, sRGB."""
    wanted = float(luminance(srgb_to_linear(albedo)).mean())
    return full * np.float32(wanted / max(float(luminance(full).mean()), 1e-6))


class Studio:
    """Blender's scene: a camera straight above, a dome, suns and materials that are made once.

    Units are texels. The camera's up is +y and its pictures begin at the bottom row, so reading turns them over.
    """

    def __init__(self, samples: int) -> None:
        import bpy

        self.bpy = bpy
        self.folder = tempfile.TemporaryDirectory()
        bpy.ops.wm.read_factory_settings(use_empty=True)
        scene = self.scene = bpy.context.scene
        scene.render.engine = "CYCLES"
        scene.render.threads_mode, scene.render.threads = "FIXED", 1
        cycles = scene.cycles
        cycles.device, cycles.samples, cycles.use_adaptive_sampling = "CPU", samples, False
        cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = 3, 2, 2
        # A point a texel, in its middle, where a corner of the grid is; a box would blur the normals of neighbours.
        cycles.pixel_filter_type, cycles.filter_width = "GAUSSIAN", 0.01
        cycles.use_denoising, cycles.use_light_tree = False, False
        cycles.caustics_reflective = cycles.caustics_refractive = False
        layer = scene.view_layers[0]
        layer.cycles.denoising_store_passes = True
        for group in ("dome", "suns"):
            layer.lightgroups.add(name=group)
        self._camera()
        self.suns = [self._sun(channel) for channel in range(SUNS)]
        self.worlds = {"dome": self._dome(), "sky": self._sky()}
        self.materials = {"matt": self._matt(), "full": self._full()}

    def _camera(self) -> None:
        camera = self.bpy.data.cameras.new("camera")
        camera.type, camera.clip_end = "ORTHO", 1e5
        held = self.bpy.data.objects.new("camera", camera)
        held.location = (0, 0, 1000)
        self.scene.collection.objects.link(held)
        self.scene.camera = held

    def _sun(self, channel: int):
        """A sun that lights one channel, so that all are told apart in one picture."""
        lamp = self.bpy.data.lights.new(f"sun{channel}", "SUN")
        lamp.color = [float(channel == place) for place in range(3)]
        held = self.bpy.data.objects.new(lamp.name, lamp)
        held.lightgroup = "suns"
        self.scene.collection.objects.link(held)
        return held

    def _dome(self):
        world = self.bpy.data.worlds.new("dome")
        world.use_nodes, world.lightgroup = True, "dome"
        world.node_tree.nodes["Background"].inputs["Color"].default_value = (1, 1, 1, 1)
        world.cycles.sampling_method = "NONE"
        return world

    def _sky(self):
        """A sky over dark ground, cloudy; its lean is set anew for each material."""
        world = self.bpy.data.worlds.new("sky")
        world.use_nodes = True
        world.cycles.sampling_method = "NONE"  # it is soft enough, and its map takes longer than the picture
        nodes, link = world.node_tree.nodes, world.node_tree.links.new
        seen = nodes.new("ShaderNodeTexCoord").outputs["Generated"]
        lean = nodes.new("ShaderNodeVectorMath")
        lean.name, lean.operation = "lean", "DOT_PRODUCT"
        ramp, clouds = nodes.new("ShaderNodeValToRGB"), nodes.new("ShaderNodeTexNoise")
        ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[0].color = 0.25, (0.16, 0.14, 0.12, 1)
        ramp.color_ramp.elements[1].position, ramp.color_ramp.elements[1].color = 0.8, (0.9, 1.0, 1.12, 1)
        clouds.name, clouds.noise_dimensions = "clouds", "4D"
        clouds.inputs["Scale"].default_value = 1.5
        moved, added = nodes.new("ShaderNodeMath"), nodes.new("ShaderNodeMath")
        moved.operation, added.operation = "MULTIPLY_ADD", "ADD"
        moved.inputs[1].default_value, moved.inputs[2].default_value = 0.5, 0.1
        link(seen, lean.inputs[0])
        link(seen, clouds.inputs["Vector"])
        link(lean.outputs["Value"], moved.inputs[0])
        link(moved.outputs[0], added.inputs[0])
        link(clouds.outputs["Fac"], added.inputs[1])
        link(added.outputs[0], ramp.inputs["Fac"])
        link(ramp.outputs["Color"], nodes["Background"].inputs["Color"])
        return world

    def _matt(self):
        material = self.bpy.data.materials.new("matt")
        material.use_nodes = True
        nodes = material.node_tree.nodes
        nodes.clear()
        white, out = nodes.new("ShaderNodeBsdfDiffuse"), nodes.new("ShaderNodeOutputMaterial")
        white.inputs["Color"].default_value = (WHITE, WHITE, WHITE, 1)
        leaning = nodes.new("ShaderNodeAttribute")
        leaning.attribute_name = "leaning"
        material.node_tree.links.new(leaning.outputs["Vector"], white.inputs["Normal"])
        material.node_tree.links.new(white.outputs["BSDF"], out.inputs["Surface"])
        return material

    def _full(self):
        material = self.bpy.data.materials.new("full")
        material.use_nodes = True
        nodes, link = material.node_tree.nodes, material.node_tree.links.new
        for name, output, socket in (
            ("leaning", "Vector", "Normal"),
            ("colour", "Color", "Base Color"),
            ("rough", "Fac", "Roughness"),
            ("metal", "Fac", "Metallic"),
        ):
            told = nodes.new("ShaderNodeAttribute")
            told.attribute_name = name
            link(told.outputs[output], nodes["Principled BSDF"].inputs[socket])
        return material

    def surface(self, height: np.ndarray, told: np.ndarray):
        """The grid of a height as an object, smooth, with what `grown` tells of its corners."""
        corners, faces = grid(height)
        mesh = self.bpy.data.meshes.new("surface")
        mesh.vertices.add(len(corners))
        mesh.vertices.foreach_set("co", corners.ravel())
        mesh.loops.add(faces.size)
        mesh.loops.foreach_set("vertex_index", faces.ravel())
        mesh.polygons.add(len(faces))
        mesh.polygons.foreach_set("loop_start", np.arange(len(faces), dtype=np.int32) * 4)
        mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
        normal = np.ascontiguousarray(told[:, :3]).ravel()
        mesh.attributes.new("leaning", "FLOAT_VECTOR", "POINT").data.foreach_set("vector", normal)
        colour = np.concatenate([told[:, 3:6], np.ones((len(told), 1), np.float32)], 1)
        mesh.attributes.new("colour", "FLOAT_COLOR", "POINT").data.foreach_set("color", colour.ravel())
        for place, name in enumerate(("rough", "metal"), 6):
            values = np.ascontiguousarray(told[:, place])
            mesh.attributes.new(name, "FLOAT", "POINT").data.foreach_set("value", values)
        mesh.update(calc_edges=False)
        held = self.bpy.data.objects.new("surface", mesh)
        self.scene.collection.objects.link(held)
        return held

    def remove(self, surface) -> None:
        """Forget a surface and its mesh."""
        mesh = surface.data
        self.bpy.data.objects.remove(surface)
        self.bpy.data.meshes.remove(mesh)

    def fields(self, surface, normal: np.ndarray, towards: np.ndarray) -> np.ndarray:
        """The dome's and the suns' fields (1 + SUNS, H, W), each 1 on open flat ground.

        The denoiser is told how each texel faces each sun: fine relief under a high sun would be noise to it.
        """
        size = normal.shape[:2]
        facing = np.clip(normal @ towards.T, 0, 1)
        self._lit(surface, "matt", "dome", towards, 3.0, 1.0)
        seen = self._render(size, ("dome", "suns"), {"suns": facing})
        stacked = [seen["dome"].mean(-1), *np.moveaxis(seen["suns"], -1, 0)]
        return np.maximum(np.stack(stacked), 0) / np.float32(WHITE)

    def full(self, surface, size: tuple[int, int], sun: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The material itself (H, W, 3) under a sky that leans over it and a soft sun, linear."""
        turn = rng.uniform(0, 2 * np.pi) if rng.random() < 0.3 else rng.uniform(0.25, 0.75) * np.pi
        nodes = self.worlds["sky"].node_tree.nodes
        nodes["lean"].inputs[1].default_value = (np.cos(turn), np.sin(turn), 0.35)
        nodes["clouds"].inputs["W"].default_value = rng.uniform(0, 100)
        self._lit(surface, "full", "sky", np.repeat(sun[None], SUNS, 0), 20.0, rng.uniform(0.2, 0.5))
        return np.maximum(self._render(size, ("Image",))["Image"], 0)

    def _lit(self, surface, material: str, world: str, towards: np.ndarray, angle: float, sun: float) -> None:
        """Set material, world and suns; a sun's strength is such that open flat ground gets `sun` times the dome."""
        from mathutils import Vector

        surface.data.materials.clear()
        surface.data.materials.append(self.materials[material])
        self.scene.world = self.worlds[world]
        for held, to in zip(self.suns, towards.tolist(), strict=True):
            held.rotation_euler = Vector(to).to_track_quat("Z", "Y").to_euler()
            held.data.angle = np.radians(angle)
            held.data.energy = sun * np.pi / to[2]

    def _render(
        self, size: tuple[int, int], passes: tuple[str, ...], guides: dict[str, np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Denoised pictures (H, W, 3), linear: "Image", the whole, or a group of lights.

        guides: what tells the denoiser details, (H, W, 3) in [0, 1], instead of the surface's colour.
        """
        scene = self.scene
        scene.render.resolution_y, scene.render.resolution_x = size
        scene.camera.data.ortho_scale = max(size)
        scene.use_nodes = True
        nodes, link = scene.node_tree.nodes, scene.node_tree.links.new
        nodes.clear()
        layers, files = nodes.new("CompositorNodeRLayers"), nodes.new("CompositorNodeOutputFile")
        files.base_path = self.folder.name
        files.format.file_format, files.format.color_mode = "OPEN_EXR", "RGB"
        files.format.color_depth, files.format.exr_codec = "32", "NONE"
        files.file_slots.clear()
        for name in passes:
            clean = nodes.new("CompositorNodeDenoise")
            clean.use_hdr, clean.prefilter = True, "NONE"
            link(layers.outputs[name if name == "Image" else f"Combined_{name}"], clean.inputs["Image"])
            link(layers.outputs["Denoising Normal"], clean.inputs["Normal"])
            guide = layers.outputs["Denoising Albedo"]
            if name in (guides or {}):
                told = nodes.new("CompositorNodeImage")
                told.image = self._picture(guides[name])
                guide = told.outputs["Image"]
            link(guide, clean.inputs["Albedo"])
            files.file_slots.new(name)
            link(clean.outputs["Image"], files.inputs[name])
        with silent():
            self.bpy.ops.render.render()
        return {name: self._read(name, size) for name in passes}

    def _picture(self, values: np.ndarray):
        """Values (H, W, 3) as a picture of Blender's, in place of the one before."""
        if "guide" in self.bpy.data.images:
            self.bpy.data.images.remove(self.bpy.data.images["guide"])
        height, width = values.shape[:2]
        image = self.bpy.data.images.new("guide", width, height, float_buffer=True, is_data=True)
        padded = np.concatenate([values, np.ones((height, width, 1))], -1)[::-1].astype(np.float32)
        image.pixels.foreach_set(np.ascontiguousarray(padded).ravel())
        return image

    def _read(self, name: str, size: tuple[int, int]) -> np.ndarray:
        (path,) = Path(self.folder.name).glob(f"{name}*.exr")
        image = self.bpy.data.images.load(str(path))
        pixels = np.empty(size[0] * size[1] * 4, np.float32)
        image.pixels.foreach_get(pixels)
        self.bpy.data.images.remove(image)
        path.unlink()
        return pixels.reshape(*size, 4)[::-1, :, :3]


@contextmanager
def silent() -> Iterator[None]:
    """Without what Blender writes to the standard output for every picture."""
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition(":")[0] + ".")
    parser.add_argument("materials", type=Path, metavar="MATERIALS", help="ground truth in MatSynth's layout")
    parser.add_argument("out", type=Path, metavar="OUT", help="folder of the cache")
    parser.add_argument("--only", action="append", metavar="ID", help="only <category>/<name>; repeatable")
    parser.add_argument("--size", type=int, default=SIZE, help="longest side, texels")
    parser.add_argument("--samples", type=int, default=SAMPLES, help="paths a texel, a power of two")
    parser.add_argument("--parts", type=int, default=1, help="processes that share the materials")
    parser.add_argument("--part", type=int, default=0, help="which of them this is, from 0")
    main(parser.parse_args())
