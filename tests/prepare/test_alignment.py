import numpy as np
import pytest

from unbake.domain.maps import MapKind
from unbake.prepare.alignment import THRESHOLD, alignment
from unbake.synth.materials import procedural
from unbake.synth.painter import STYLES, paint

UP = np.zeros((64, 64, 3), np.float32) + np.array([0, 0, 1], np.float32)


def score(kind: str, other: dict[MapKind, np.ndarray], style: str = "grunge") -> float:
    truth = procedural(kind, 128, 0)
    diffuse = paint(truth, STYLES[style], 0)[MapKind.DIFFUSE]
    return alignment(diffuse, truth[MapKind.NORMAL], other[MapKind.ALBEDO], other[MapKind.NORMAL]).score


@pytest.mark.parametrize("style", STYLES)
def test_a_painted_diffuse_fits_the_material_it_was_painted_from_at_twice_the_size(style):
    twice = {kind: image.repeat(2, 0).repeat(2, 1) for kind, image in procedural("cobbles", 128, 0).items()}
    assert score("cobbles", twice, style) > THRESHOLD


@pytest.mark.parametrize("other", ["bricks", "planks", "marble"])
def test_other_artwork_does_not_fit(other):
    assert score("cobbles", procedural(other, 128, 0)) < THRESHOLD


def test_the_same_artwork_moved_does_not_fit():
    moved = {kind: np.roll(image, (13, 21), (0, 1)) for kind, image in procedural("cobbles", 128, 0).items()}
    assert score("cobbles", moved) < THRESHOLD


def test_a_flat_normal_leaves_the_gradients_to_decide():
    picture = np.random.default_rng(0).random((64, 64, 3), np.float32)
    found = alignment(picture, UP, picture, UP)
    assert (found.normals, found.score) == (None, pytest.approx(1))


def test_where_nothing_can_be_compared_nothing_fits():
    grey = np.full((64, 64, 3), 0.5, np.float32)
    assert alignment(grey, UP, grey, None).score == -1
