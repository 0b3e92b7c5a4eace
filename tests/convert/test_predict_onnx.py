"""The converter on real ONNX files: the tiny networks with random weights, as `export.bundle` writes them."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.coded import coded

import unbake
from unbake.batch.run import Options, convert_folder
from unbake.convert.convert import convert_set
from unbake.convert.inputs import Inputs
from unbake.convert.predict import Predictor, Seen, load_predictor
from unbake.domain.card import CARD, FORMAT, Card, encode_card
from unbake.domain.maps import OUTPUTS, MapKind, spec
from unbake.domain.materials import CLASSES, LABELS
from unbake.domain.networks import CLASSIFIER
from unbake.image.arrays import CodedMaps, Wrap
from unbake.image.files import read_picture, write_png
from unbake.image.geometry import GEOMETRY_VERSION

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")

STEP = 1 / 255
ROUNDING = 1.001 * STEP
"""Two floats that are nearly equal may be rounded to neighbouring codes."""


@pytest.fixture(scope="module")
def bundle(pytestconfig: pytest.Config) -> Path:
    from unbake.export.bundle import export_onnx
    from unbake.models.config import CONFIGS
    from unbake.models.network import Networks, receptive_field

    # An export takes most of a minute: it is kept between runs for as long as what it is made of stays the same.
    assert pytestconfig.cache is not None
    folder = pytestconfig.cache.mkdir(f"tiny-bundle-{fingerprint()}")
    if (folder / CARD).is_file():
        return folder
    torch.manual_seed(3)
    networks = Networks(CONFIGS["tiny"])
    with torch.no_grad():
        for parameter in networks.parameters():
            if not parameter.any():  # corrections and biases start at zero, and would show nothing
                parameter.normal_(std=0.3)
    export_onnx(networks, folder)
    card = Card(
        format=FORMAT,
        size="tiny",
        stride=networks.config.stride,
        halo=receptive_field(networks.config) // 2,
        segformer_px=networks.config.segformer_px,
        geometry_version=GEOMETRY_VERSION,
        classes=CLASSES,
        use=dict.fromkeys(OUTPUTS, "network"),
    )
    (folder / CARD).write_bytes(encode_card(card))
    return folder


def fingerprint() -> str:
    package = Path(unbake.__file__).parent
    tables = [package / "domain" / f"{name}.py" for name in ("maps", "materials", "networks")]
    sources = [
        Path(__file__),
        package / "export" / "bundle.py",
        *tables,
        *sorted((package / "models").glob("*.py")),
    ]
    texts = [path.read_text("utf-8") for path in sources]
    return hashlib.sha256("".join([torch.__version__, str(GEOMETRY_VERSION), *texts]).encode()).hexdigest()[
        :16
    ]


@pytest.fixture(scope="module")
def predictor(bundle: Path) -> Predictor:
    found = load_predictor(bundle, threads=2)
    assert found is not None
    return found


def texture(height: int, width: int, wrap: Wrap, specular: bool = True) -> Inputs:
    rng = np.random.default_rng(8)
    normal = np.dstack([rng.normal(0, 0.3, (height, width, 2)), np.ones((height, width))])
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    maps = {
        MapKind.DIFFUSE: rng.random((height, width, 3), np.float32),
        MapKind.NORMAL: normal.astype(np.float32),
    }
    if specular:
        maps[MapKind.SPECULAR] = rng.random((height, width, 1), np.float32)
    return Inputs(coded(maps), None, wrap)


def rolled(given: Inputs, by: tuple[int, int]) -> Inputs:
    return replace(
        given, maps=CodedMaps({kind: np.roll(image, by, (0, 1)) for kind, image in given.maps.codes.items()})
    )


def logit(probability: np.ndarray) -> np.ndarray:
    return np.log(probability / (1 - probability))


def whole(predictor: Predictor, given: Inputs, environment: np.ndarray | None = None) -> Seen:
    maps = given.maps
    return predictor.predict_global(
        maps[MapKind.DIFFUSE], maps[MapKind.NORMAL], maps.get(MapKind.SPECULAR), environment, given.wrap
    )


def test_the_networks_say_something(predictor: Predictor) -> None:
    given = texture(64, 96, (True, True))
    maps = convert_set(given, predictor).maps
    assert np.abs(maps[MapKind.ALBEDO] - given.maps[MapKind.DIFFUSE]).max() > 10 * STEP
    assert all(np.isfinite(maps[kind]).all() for kind in OUTPUTS)
    assert all(maps[kind].min() >= 0 and maps[kind].max() <= 1 for kind in OUTPUTS)


@pytest.mark.parametrize("wrap", [(True, True), (False, True), (False, False)])
@pytest.mark.parametrize("size", [(256, 320), (203, 300)])
def test_tiled_is_whole(predictor: Predictor, size: tuple[int, int], wrap: Wrap) -> None:
    given = texture(*size, wrap)
    whole, tiled = (convert_set(given, predictor, tile).maps for tile in (1024, 64))
    for kind in OUTPUTS:
        assert np.abs(whole[kind] - tiled[kind]).max() < ROUNDING


@pytest.mark.parametrize("wrap", [(True, True), (True, False)])
def test_tiled_is_whole_of_eight_bits_too(predictor: Predictor, wrap: Wrap) -> None:
    given = texture(203, 300, wrap)
    given = replace(given, maps=coded(given.maps, 8))
    whole, tiled = (convert_set(given, predictor, tile).maps for tile in (1024, 64))
    for kind in OUTPUTS:
        assert np.abs(whole[kind] - tiled[kind]).max() < ROUNDING


def test_converting_commutes_with_rolling_what_is_said_of_places_and_keeping_what_is_said_of_the_whole(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, by = texture(128, 192, (True, True)), (40, 104)
    coarse = np.random.default_rng(4).random((128, 192, 3), np.float32)  # at full size: it rolls by any texel
    said = replace(whole(predictor, given), coarse=coarse)
    turned = replace(said, mask=np.roll(said.mask, by, (0, 1)), coarse=np.roll(coarse, by, (0, 1)))
    monkeypatch.setattr(predictor, "predict_global", lambda *_: said)
    straight = convert_set(given, predictor).maps
    monkeypatch.setattr(predictor, "predict_global", lambda *_: turned)
    other = convert_set(rolled(given, by), predictor).maps
    for kind in OUTPUTS:
        assert np.abs(np.roll(straight[kind], by, (0, 1)) - other[kind]).max() < ROUNDING


def test_the_classifier_says_labels_classes_and_three_planes_of_patches(predictor: Predictor) -> None:
    said = whole(predictor, texture(64, 96, (True, False)))
    assert said.labels.shape == (len(LABELS),)
    np.testing.assert_array_equal(said.classes, said.labels[: len(CLASSES)])  # this card calibrates nothing
    assert said.coarse.ndim == 3 and said.coarse.shape[2] == spec(MapKind.COARSE).channels
    assert all(array.min() > 0 and array.max() < 1 for array in (said.labels, said.coarse, said.mask))


def more_sure(predictor: Predictor, monkeypatch: pytest.MonkeyPatch, output: int, place: int) -> None:
    """Add to a label's (output 0) or a patch channel's (output 1) logit of the classifier."""
    run = predictor._run

    def surer(network: str, *rest: Any) -> list[np.ndarray]:
        said = run(network, *rest)
        if network == CLASSIFIER:
            said[output] = said[output].copy()
            said[output][:, place] += 2
        return said

    monkeypatch.setattr(predictor, "_run", surer)


@pytest.mark.parametrize("channel", range(3))
def test_the_word_on_each_patch_reaches_the_metal_mask(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch, channel: int
) -> None:
    given = texture(64, 96, (True, False))
    before = whole(predictor, given)
    more_sure(predictor, monkeypatch, 1, channel)
    after = whole(predictor, given)
    assert np.array_equal(after.labels, before.labels)
    changed = np.abs(after.coarse - before.coarse).max((0, 1)) > 1e-3
    assert changed.tolist() == [place == channel for place in range(3)]
    assert not np.array_equal(after.metal_logits, before.metal_logits)  # two runs give the same bits


def test_the_labels_reach_the_albedo_and_the_maps_and_not_the_mask(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = texture(64, 96, (True, False))
    before = convert_set(given, predictor).maps
    more_sure(predictor, monkeypatch, 0, CLASSES.index("metal"))
    after = convert_set(given, predictor).maps
    np.testing.assert_array_equal(after[MapKind.METALLIC_MASK], before[MapKind.METALLIC_MASK])
    assert all(np.abs(after[kind] - before[kind]).max() > 0 for kind in (MapKind.ALBEDO, MapKind.ROUGHNESS))


def test_a_missing_environment_mask_is_not_a_black_one(predictor: Predictor) -> None:
    given = texture(64, 96, (True, True))
    black, grey = (np.full((64, 96, 1), value, np.float32) for value in (0.0, 0.5))
    masks = [whole(predictor, given, environment).mask for environment in (None, black, grey)]
    assert not np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[1], masks[2])


def test_the_metal_mask_follows_a_roll_by_its_own_stride(predictor: Predictor) -> None:
    given, by = texture(128, 128, (True, True)), (32, 64)
    masks = [whole(predictor, one).mask for one in (given, rolled(given, by))]
    # The margin ends the wrapped copy, and global attention sees it end: near, not equal.
    assert np.abs(np.roll(masks[0], by, (0, 1)) - masks[1]).mean() < 0.02


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (4, 300), (33, 17)])
def test_any_size_is_converted(predictor: Predictor, size: tuple[int, int]) -> None:
    maps = convert_set(texture(*size, (True, True), specular=False), predictor).maps
    assert {maps[kind].shape[:2] for kind in OUTPUTS} == {size}


def test_two_runs_give_the_same_bits(predictor: Predictor) -> None:
    first, second = (convert_set(texture(96, 96, (True, False)), predictor).maps for _ in range(2))
    assert all(np.array_equal(first[kind], second[kind]) for kind in OUTPUTS)


def test_a_missing_specular_mask_is_not_a_black_one(predictor: Predictor) -> None:
    without = texture(64, 64, (True, True), specular=False)
    black = np.zeros((64, 64, 1), np.uint8)
    given = replace(without, maps=CodedMaps(without.maps.codes | {MapKind.SPECULAR: black}))
    maps = [convert_set(one, predictor).maps[MapKind.ALBEDO] for one in (without, given)]
    assert not np.array_equal(*maps)


def test_a_folder_is_converted_with_a_model_of_ones_own(
    bundle: Path, tmp_path: Path, images: Callable[[int, int], np.ndarray]
) -> None:
    write_png(tmp_path / "in" / "pot.png", images(40, 3))
    write_png(tmp_path / "in" / "pot_n.png", images(40, 4))
    options = Options(preset="png", model=bundle, threads=2)
    assert convert_folder(tmp_path / "in", tmp_path / "out", options).converted == ("pot",)
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    assert set(report["converted"][0]["classes"]) == set(CLASSES)
    assert read_picture(tmp_path / "out" / "pot_metallic_mask.png").pixels.shape == (40, 40, 1)


def with_card(bundle: Path, folder: Path, **keys: object) -> Predictor:
    """A copy of the bundle in a new folder whose card says this besides."""
    shutil.copytree(bundle, folder)
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | keys))
    return Predictor(folder)


def test_a_calibrated_mask_is_what_is_told_and_what_the_other_networks_read(
    bundle: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "calibrated"
    with_card(bundle, folder, mask_calibration=[0.5, -1.0])
    given = texture(64, 64, (True, True))
    predictors = Predictor(bundle), Predictor(folder)
    plain, calibrated = (whole(predictor, given).mask for predictor in predictors)
    np.testing.assert_allclose(calibrated, 1 / (1 + np.exp(1 - 0.5 * logit(plain))), atol=1e-5)
    plain, calibrated = (convert_set(given, predictor).maps[MapKind.ROUGHNESS] for predictor in predictors)
    assert np.abs(calibrated - plain).max() > 0.99 * STEP  # a step of the codes


def test_a_segformer_whose_word_has_no_weight_is_not_asked(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "weighed"
    predictor = with_card(bundle, folder, metal_weights=[0.0, 1.5, 0.3])
    original, asked = predictor._run, []

    def run(network: str, *more: Any) -> list[np.ndarray]:
        asked.append(network)
        return original(network, *more)

    monkeypatch.setattr(predictor, "_run", run)
    seen = whole(predictor, texture(64, 96, (True, False)))
    assert asked == [CLASSIFIER]
    assert np.ptp(seen.metal_logits) > 0  # patches alone say where


def test_segformers_upper_tenth_moves_the_log_odds_of_the_whole_texture(bundle: Path, tmp_path: Path) -> None:
    def seen(name: str, **keys: object) -> np.ndarray:
        return whole(with_card(bundle, tmp_path / name, **keys), texture(64, 96, (True, False))).metal_logits

    patches = seen("patches", metal_weights=[0.0, 1.5, 0.3])
    both = seen("both", metal_weights=[0.0, 1.5, 0.3], presence_weight=0.5)
    segformer = seen("segformer", metal_weights=[1.0, 0.0, 0.0])
    np.testing.assert_allclose(both - patches, 0.5 * np.quantile(segformer, 0.9), atol=1e-5)


def test_a_segformer_that_is_asked_only_whether_there_is_metal_reads_a_smaller_copy(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "presence"
    said = {"metal_weights": [0.0, 1.5, 0.3], "presence_weight": 0.5, "segformer_px": 512}
    predictor = with_card(bundle, folder, **said)
    original, sides = predictor._run, []

    def run(network: str, feeds: dict[str, np.ndarray], *more: Any) -> list[np.ndarray]:
        if network == "segformer":
            sides.append(feeds["diffuse"].shape[2:])
        return original(network, feeds, *more)

    monkeypatch.setattr(predictor, "_run", run)
    seen = whole(predictor, texture(512, 384, (False, False)))
    assert sides == [(256, 192)]
    assert seen.metal_logits.shape[:2] == (512, 384)


@pytest.fixture
def images() -> Callable[[int, int], np.ndarray]:
    rng = np.random.default_rng(2)
    return lambda side, channels: rng.random((side, side, channels), np.float32)


def test_another_model_redoes_the_work(bundle: Path, tmp_path: Path) -> None:
    write_png(tmp_path / "in" / "pot.png", np.full((8, 8, 3), 0.5, np.float32))
    convert_folder(tmp_path / "in", tmp_path / "out", Options(preset="png", model=bundle))
    other = tmp_path / "other"
    other.mkdir()
    for path in bundle.iterdir():
        (other / path.name).write_bytes(path.read_bytes())
    card = json.loads((other / CARD).read_text())
    (other / CARD).write_text(json.dumps(card | {"mask_threshold": 0.6}))
    again = convert_folder(tmp_path / "in", tmp_path / "out", Options(preset="png", model=other))
    assert again.converted == ("pot",)
