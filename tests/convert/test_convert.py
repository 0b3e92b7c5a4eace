from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from support.coded import coded
from support.seen import seen

from unbake.convert.baselines import ROUGHNESS
from unbake.convert.convert import SMALLEST_TILE, convert_set
from unbake.convert.inputs import Inputs, load_inputs
from unbake.convert.predict import Seen
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.card import FORMAT, Card
from unbake.domain.maps import GEOMETRY, MAPS_HEADS, OUTPUTS, SPECS, MapKind
from unbake.errors import FileError, TextureSetError
from unbake.evidence.companions import MetalCue, metal_cue
from unbake.evidence.level import Level
from unbake.image.arrays import CodedMaps, Wrap, dequantise
from unbake.image.colour import luminance, srgb_to_linear
from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.files import read_picture, write_png
from unbake.image.geometry import GEOMETRY_VERSION
from unbake.image.resample import by_area
from unbake.image.surface import RELIEF_DRIFT

RNG = np.random.default_rng(5)


class Blur:
    """A stand-in for the networks: the mean of a neighbourhood, which needs a halo as wide."""

    def __init__(self, fails_above: int = 1 << 30, use: str = "network", mask: float = 1.0) -> None:
        self.card = Card(
            format=FORMAT, size="tiny", stride=8, halo=5, segformer_px=64, geometry_version=GEOMETRY_VERSION,
            classes=("wood", "metal"), use=dict.fromkeys(OUTPUTS, use),
        )  # fmt: skip
        self.ring = 0
        self.fails_above, self.mask = fails_above, mask
        self.seen: list[Any] = []
        self.environments: list[np.ndarray | None] = []
        self.lights: list[float] = []

    def predict_global(
        self,
        diffuse: np.ndarray,
        normal: np.ndarray,
        specular: np.ndarray | None,
        environment: np.ndarray | None,
        wrap: Any,
    ) -> Seen:
        self.environments.append(environment)
        self.lights.append(float(luminance(srgb_to_linear(dequantise(MapKind.DIFFUSE, diffuse))).mean()))
        return seen(diffuse.shape, (0.25, 0.75), self.mask, 20 * self.mask - 10)

    def predict_albedo(
        self, window: dict[MapKind, np.ndarray], has_specular: bool, labels: np.ndarray, around: Wrap
    ) -> dict[MapKind, np.ndarray]:
        self.seen.append((window[MapKind.SPECULAR].max(), has_specular))
        if max(window[MapKind.DIFFUSE].shape) > self.fails_above:
            raise MemoryError
        return {MapKind.ALBEDO: blurred(window[MapKind.DIFFUSE])}

    def predict_maps(
        self, window: dict[MapKind, np.ndarray], has_specular: bool, labels: np.ndarray, around: Wrap
    ) -> dict[MapKind, np.ndarray]:
        assert all(kind in window for kind in (*GEOMETRY, MapKind.COARSE))
        return {kind: blurred(window[MapKind.ALBEDO][..., :1]) for kind in MAPS_HEADS}


def blurred(image: np.ndarray) -> np.ndarray:
    """Means of 11×11 texels, zeros beyond the borders."""
    height, width = image.shape[:2]
    padded = np.pad(image.astype(np.float64), ((5, 5), (5, 5), (0, 0)))
    rows = sum(padded[i : i + height] for i in range(11))
    return (sum(rows[:, i : i + width] for i in range(11)) / 121).astype(np.float32)


def inputs(height: int = 48, width: int = 64, wrap: Wrap = (True, True)) -> Inputs:
    slopes = RNG.normal(0, 0.2, (height, width, 2))
    normal = np.dstack([slopes, np.ones((height, width))])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    diffuse = RNG.random((height, width, 3), np.float32)
    maps = {MapKind.DIFFUSE: diffuse, MapKind.NORMAL: normal.astype(np.float32)}
    return Inputs(coded(maps, 8), None, wrap)


def saved(folder: Path, **images: np.ndarray) -> TextureSet:
    paths = {}
    for role, unit in images.items():
        paths[role] = folder / f"{role}.png"
        write_png(paths[role], np.asarray(unit, np.float32))
    return TextureSet("pot", "pot", **{role: Source(path) for role, path in paths.items()})


@pytest.mark.parametrize(
    ("stored", "softer"),
    [(DxgiFormat.BC1_UNORM, True), (DxgiFormat.BC3_UNORM, True), (DxgiFormat.BC7_UNORM, False)],
)
def test_blocks_of_the_old_formats_are_softened_in_the_colour_that_is_read(
    tmp_path: Path, stored: DxgiFormat, softer: bool
) -> None:
    rows = np.repeat(np.arange(64, dtype=np.uint8)[:, None], 64, 1)
    path = tmp_path / "pot.dds"
    write_dds(path, [np.dstack([rows, rows, rows])], stored)
    as_stored = read_picture(path).pixels[..., :3]
    seen = load_inputs(TextureSet("pot", "pot", Source(path)), seamless=False).maps.codes[MapKind.DIFFUSE]
    assert bool((seen != as_stored).any()) is softer
    np.testing.assert_array_equal(seen[1:3], as_stored[1:3])


def codes(height: int, width: int, channels: int) -> np.ndarray:
    return RNG.integers(0, 256, (height, width, channels)) / 255


def test_without_networks_every_output_is_its_baseline() -> None:
    given = inputs()
    maps = convert_set(given, None).maps
    assert set(OUTPUTS) <= maps.keys()
    assert maps.codes[MapKind.ALBEDO] is given.maps.codes[MapKind.DIFFUSE]
    assert np.all(maps.codes[MapKind.ROUGHNESS] == round(ROUGHNESS * 255))
    assert maps[MapKind.METALLIC].max() == 0


def test_outputs_have_the_size_of_the_diffuse_and_the_channels_of_their_spec() -> None:
    maps = convert_set(inputs(23, 41), Blur()).maps
    assert {kind: maps[kind].shape for kind in OUTPUTS} == {
        kind: (23, 41, SPECS[kind].channels) for kind in OUTPUTS
    }


def test_the_environment_mask_is_the_baseline_of_metal() -> None:
    given = inputs()
    mask = RNG.integers(0, 256, (48, 64, 1), np.uint8)
    maps = convert_set(Inputs(given.maps, metal_cue(mask), given.wrap), None).maps
    assert np.array_equal(maps.codes[MapKind.METALLIC], mask)


def test_a_card_may_prefer_the_baseline_of_a_map() -> None:
    maps = convert_set(inputs(), Blur(use="baseline")).maps
    assert np.all(maps.codes[MapKind.ROUGHNESS] == round(ROUGHNESS * 255))


@pytest.mark.parametrize("wrap", [(True, True), (True, False), (False, False)])
def test_tiles_give_what_the_whole_gives(wrap: Wrap) -> None:
    given = inputs(200, 136, wrap)
    whole, tiled = (convert_set(given, Blur(), tile).maps for tile in (1024, 64))
    for kind in OUTPUTS:
        assert np.abs(whole[kind] - tiled[kind]).max() < 1e-6


def test_a_rolled_tiling_texture_gives_rolled_maps() -> None:
    given = inputs()
    rolled = Inputs(
        CodedMaps({kind: np.roll(image, (8, 24), (0, 1)) for kind, image in given.maps.codes.items()}),
        None,
        given.wrap,
    )
    straight, other = convert_set(given, Blur()).maps, convert_set(rolled, Blur()).maps
    for kind in OUTPUTS:
        assert np.abs(np.roll(straight[kind], (8, 24), (0, 1)) - other[kind]).max() < 1e-3


def test_metallic_stands_only_where_the_mask_says_metal() -> None:
    assert convert_set(inputs(), Blur(mask=0.0)).maps[MapKind.METALLIC].max() == 0


def test_unet_maps_has_a_say_in_where_metal_is_but_not_in_whether() -> None:
    alone, told = Blur(), Blur()
    told.card = msgspec.structs.replace(told.card, head_weight=0.5)
    given = inputs()
    without, made = convert_set(given, alone), convert_set(given, told)
    assert without.metal_logits is not None
    assert made.metal_logits is not None
    said = made.metal_logits - without.metal_logits
    own = by_area(made.maps[MapKind.METALLIC], *said.shape[:2])
    assert abs(float(said.mean())) < 1e-4
    assert np.corrcoef(said.ravel(), own.ravel())[0, 1] > 0.9


def test_the_tile_halves_until_it_fits_into_memory_and_a_note_says_so() -> None:
    given = inputs(512, 512)
    converted = convert_set(given, Blur(fails_above=300))
    assert converted.notes == ("memory ran out, so tiles of 256 texels were used",)
    assert np.array_equal(converted.maps["albedo"], convert_set(given, Blur(), 256).maps["albedo"])


def test_too_little_memory_for_the_smallest_tile_is_an_error_in_words() -> None:
    with pytest.raises(TextureSetError, match="--max-size"):
        convert_set(inputs(), Blur(fails_above=0), SMALLEST_TILE)


def test_networks_are_told_whether_there_is_a_specular_mask() -> None:
    given, network = inputs(), Blur()
    convert_set(given, network)
    mask = np.full((48, 64, 1), 51, np.uint8)
    maps = CodedMaps(given.maps.codes | {MapKind.SPECULAR: mask})
    convert_set(Inputs(maps, None, given.wrap), network)
    assert network.seen == [(0, False), (np.float32(0.2), True)]


def test_networks_are_given_no_environment_mask_for_evidence_weighs_it() -> None:
    given, network = inputs(), Blur()
    mask = np.zeros((48, 64, 1), np.uint8)
    mask[:24] = 64
    for cue in (None, metal_cue(mask)):
        convert_set(Inputs(given.maps, cue, given.wrap), network)
    assert network.environments == [None, None]


def test_networks_read_the_diffuse_at_their_level_by_the_mods() -> None:
    given, network = inputs(), Blur()
    dark = CodedMaps(given.maps.codes | {MapKind.DIFFUSE: given.maps.codes[MapKind.DIFFUSE] // 2})
    own = float(luminance(srgb_to_linear(dark[MapKind.DIFFUSE])).mean())
    for gain in (network.card.level, 2 * network.card.level):
        convert_set(Inputs(dark, None, given.wrap), network, level=Level(gain, gain, 0.1, 9))
    assert network.lights == pytest.approx([own, own / 2], rel=0.01)


def test_without_a_mod_a_darker_picture_is_read_brighter() -> None:
    given, network = inputs(), Blur()
    codes = given.maps.codes
    for factor in (2, 8):
        dark = CodedMaps(codes | {MapKind.DIFFUSE: codes[MapKind.DIFFUSE] // factor})
        own = float(luminance(srgb_to_linear(dark[MapKind.DIFFUSE])).mean())
        convert_set(Inputs(dark, None, given.wrap), network)
        network.lights[-1] /= own
    assert network.lights[1] > 1.5 * network.lights[0]


def test_classes_are_named_as_the_card_names_them() -> None:
    assert convert_set(inputs(), Blur()).classes == {"wood": 0.25, "metal": 0.75}


def test_conversion_leaves_its_inputs_as_they_were() -> None:
    given = inputs()
    before = {kind: image.copy() for kind, image in given.maps.codes.items()}
    convert_set(given, Blur())
    assert all(np.array_equal(given.maps.codes[kind], before[kind]) for kind in before)


def test_alpha_is_kept_bit_for_bit(tmp_path: Path) -> None:
    diffuse = codes(8, 8, 4)
    loaded = load_inputs(saved(tmp_path, diffuse=diffuse)).maps[MapKind.OPACITY]
    assert np.array_equal(loaded, diffuse[..., 3:].astype(np.float32))


def test_alpha_that_is_white_everywhere_is_none(tmp_path: Path) -> None:
    diffuse = np.dstack([codes(8, 8, 3), np.ones((8, 8))])
    assert MapKind.OPACITY not in load_inputs(saved(tmp_path, diffuse=diffuse)).maps


def test_colour_under_alpha_0_comes_from_its_neighbours(tmp_path: Path) -> None:
    diffuse = np.ones((4, 4, 4)) * [0, 0, 0, 0]
    diffuse[:, :2] = 1
    assert load_inputs(saved(tmp_path, diffuse=diffuse)).maps[MapKind.DIFFUSE].min() > 0.99


def test_colour_stays_where_nothing_of_it_is_seen(tmp_path: Path) -> None:
    diffuse = codes(8, 8, 4)
    diffuse[..., 3] = 0
    loaded = load_inputs(saved(tmp_path, diffuse=diffuse)).maps[MapKind.DIFFUSE]
    assert np.array_equal(loaded, diffuse[..., :3].astype(np.float32))


def test_the_alpha_of_the_normal_is_the_specular_mask(tmp_path: Path) -> None:
    normal = codes(8, 8, 4)
    loaded = load_inputs(saved(tmp_path, diffuse=codes(8, 8, 3), normal=normal, specular=codes(8, 8, 1)))
    assert np.array_equal(loaded.maps[MapKind.SPECULAR], normal[..., 3:].astype(np.float32))


def test_a_constant_alpha_of_the_normal_leaves_the_word_to_the_mask_file(tmp_path: Path) -> None:
    normal = np.dstack([codes(8, 8, 3), np.full((8, 8), 0.5)])
    mask = codes(8, 8, 1)
    loaded = load_inputs(saved(tmp_path, diffuse=codes(8, 8, 3), normal=normal, specular=mask))
    assert np.allclose(loaded.maps[MapKind.SPECULAR], mask)


def test_a_constant_mask_counts_as_absent(tmp_path: Path) -> None:
    normal = np.dstack([codes(8, 8, 3), np.full((8, 8), 0.5)])
    loaded = load_inputs(saved(tmp_path, diffuse=codes(8, 8, 3), normal=normal))
    assert MapKind.SPECULAR not in loaded.maps


def test_normals_of_files_are_directx_and_inside_opengl(tmp_path: Path) -> None:
    normal = np.ones((8, 8, 1)) * [0.5, 0.9, 0.8]
    assert (
        load_inputs(saved(tmp_path, diffuse=codes(8, 8, 3), normal=normal)).maps["normal"][..., 1].max() < 0
    )


def test_a_missing_normal_is_flat_and_noted(tmp_path: Path) -> None:
    loaded = load_inputs(saved(tmp_path, diffuse=codes(8, 8, 3)))
    assert np.array_equal(np.unique(loaded.maps[MapKind.NORMAL].reshape(-1, 3), axis=0), [[0, 0, 1]])
    assert "no normal map" in loaded.notes[0]


def test_a_normal_of_another_size_is_brought_to_the_diffuses(tmp_path: Path) -> None:
    loaded = load_inputs(saved(tmp_path, diffuse=codes(8, 16, 3), normal=codes(16, 32, 3)))
    assert loaded.maps[MapKind.NORMAL].shape == (8, 16, 3)
    assert "resized" in loaded.notes[0]


def test_a_set_reduced_as_asked_has_one_note_of_it(tmp_path: Path) -> None:
    files = saved(tmp_path, diffuse=codes(16, 32, 3), normal=codes(16, 32, 3))
    assert load_inputs(files, max_size=16).notes == ("reduced from 32×16 to 16×8, as asked",)


def test_seamless_is_measured_unless_it_is_given(tmp_path: Path) -> None:
    ramp = np.linspace(0, 1, 64)[None, :, None] * np.ones((64, 1, 3))
    files = saved(tmp_path, diffuse=ramp)
    assert load_inputs(files).wrap == (True, False)
    assert load_inputs(files, seamless=True).wrap == (True, True)


def test_a_missing_file_is_a_file_error(tmp_path: Path) -> None:
    with pytest.raises(FileError):
        load_inputs(TextureSet("pot", "pot", Source(tmp_path / "gone.dds")))


def test_a_grey_environment_mask_is_metal_itself() -> None:
    mask = RNG.integers(0, 256, (4, 4, 1), np.uint8)
    assert np.array_equal(metal_cue(mask).values, mask)


def test_a_complex_materials_metal_is_in_its_blue() -> None:
    packed = RNG.integers(0, 256, (16, 16, 3), np.uint8)
    assert np.array_equal(metal_cue(packed).values, packed[..., 2:])


@pytest.mark.parametrize("use", ["network", "baseline"])
def test_sixteen_bits_give_what_eight_of_the_same_values_give(use: str) -> None:
    given, network = inputs(40, 56), Blur(use=use)
    cue = metal_cue(RNG.integers(0, 256, (40, 56, 1), np.uint8))
    finer = CodedMaps({kind: image.astype(np.uint16) * 257 for kind, image in given.maps.codes.items()})
    eight = convert_set(Inputs(given.maps, cue, given.wrap), network).maps
    fine = MetalCue(cue.kind, cue.values.astype(np.uint16) * 257, cue.top)
    sixteen = convert_set(Inputs(finer, fine, given.wrap), network).maps
    assert all(np.array_equal(eight.codes[kind], sixteen.codes[kind]) for kind in OUTPUTS)


def test_outputs_have_the_bits_of_their_spec(tmp_path: Path) -> None:
    loaded = load_inputs(saved(tmp_path, diffuse=codes(16, 16, 3), normal=codes(16, 16, 4)))
    maps = convert_set(loaded, Blur()).maps
    assert {kind: maps.codes[kind].itemsize * 8 for kind in OUTPUTS} == {
        kind: SPECS[kind].bits for kind in OUTPUTS
    }


def test_relief_is_a_share_of_the_width_and_without_drift() -> None:
    cycles = 8
    bump = np.cos(np.arange(64) * cycles * 2 * np.pi / 64) * cycles**2 / (cycles**2 + RELIEF_DRIFT**2)
    slope = np.sin(np.arange(64) * cycles * 2 * np.pi / 64) * cycles * 2 * np.pi / 64
    normal = np.dstack([slope, np.zeros(64), np.ones(64)]).repeat(64, 0)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    maps = {MapKind.DIFFUSE: np.zeros((64, 64, 3), np.float32), MapKind.NORMAL: normal.astype(np.float32)}
    given = Inputs(coded(maps), None, (True, True))
    assert convert_set(given, None).relief == pytest.approx(bump.std() / 64, rel=1e-3)
