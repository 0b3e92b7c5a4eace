"""A training run in the page: input, prediction and truth beside each other, the error of every map."""

import base64
import io
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.domain.maps import MapKind
from unbake.image.normals import encode_normal
from unbake.report.samples import Sample, write_samples
from unbake.synth.materials import procedural
from unbake.synth.painter import STYLES, paint

ERROR = 0.2
"""By how much the roughness of the prediction is too high, everywhere."""


def codes(image: np.ndarray) -> np.ndarray:
    """uint8 of [0, 1]."""
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)


@pytest.fixture(scope="module")
def run(built: Path, unbake: Callable, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a run with one sample, whose roughness is wrong by ERROR and whose albedo is its diffuse."""
    truth = procedural("cobbles", 128, 1)
    diffuse = paint(truth, STYLES["sun"], 1)[MapKind.DIFFUSE]
    kinds = (MapKind.ALBEDO, MapKind.ROUGHNESS, MapKind.METALLIC, MapKind.AO, MapKind.HEIGHT)
    right = {kind.value: codes(truth[kind]) for kind in kinds}
    right["roughness"] = np.minimum(right["roughness"], codes(np.float32(1 - ERROR)))
    wrong = {**right, "albedo": codes(diffuse), "roughness": right["roughness"] + codes(np.float32(ERROR))}
    given = {"diffuse": codes(diffuse), "normal": codes(encode_normal(truth[MapKind.NORMAL], "opengl"))}
    maps = {**given, **wrong, **{f"truth/{name}": image for name, image in right.items()}}
    log = tmp_path_factory.mktemp("project") / "train_logs" / "phase_B"
    figures = {"albedo": 0.1, "roughness": ERROR, "metallic": 0.0, "ao": 0.0, "height": 0.0}
    write_samples(log, 12, [Sample("stone/cobbles", figures=figures, maps=maps)])
    unbake("view", log, "--no-open")
    return log / "view.html"


@pytest.fixture
def sample(tab, run: Path):
    """The sample, opened from the gallery."""
    one = tab()
    one.open(run).click("#sets a")
    one.wait("ready")
    return one


def test_the_gallery_of_a_run_names_the_sample_and_its_epoch(tab, run: Path):
    assert tab().open(run).locator("#sets strong").all_inner_texts() == ["stone/cobbles @ epoch 12"]


def test_input_prediction_and_truth_stand_side_by_side(sample):
    captions = sample.page.locator(".caption").all_inner_texts()
    assert [text.split(":")[0] for text in captions] == ["Input", "Prediction", "Truth"]
    picture = sample.picture("#stage").astype(int)[60:-60]
    third = picture.shape[1] // 3
    columns = [picture[:, place * third : (place + 1) * third] for place in range(3)]
    assert min(np.abs(one - other).mean() for one, other in combinations(columns, 2)) > 2


def colours(sample, name: str) -> list[list[int]]:
    """The different colours in the error picture of a map."""
    canvas = sample.page.locator(f'#errors td[data-map="{name}"] canvas').nth(2)
    url = canvas.evaluate("it => it.toDataURL()")
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))).convert("RGB"))
    return np.unique(pixels.reshape(-1, 3), axis=0).tolist()


def test_the_error_of_a_map_is_as_large_as_it_is(sample):
    ((red, _, _),) = colours(sample, "roughness")
    # 0.2 of the 0.5 that the ramp ends at: two fifths of its way, on its third colour of six.
    assert red == pytest.approx(165, abs=3)


def test_a_map_without_error_is_black(sample):
    assert colours(sample, "height") == [[0, 0, 0]]


def test_the_figure_of_a_map_stands_below_its_pictures(sample):
    told = sample.page.locator('#errors td[data-map="roughness"]').all_inner_texts()
    assert [text for text in told if text.strip()] == ["0.200"]


def test_nothing_of_a_run_can_be_adjusted(sample):
    assert sample.page.locator("#adjust, #save").count() == 0
