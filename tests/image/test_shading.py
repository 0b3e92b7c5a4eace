import math

import numpy as np
import pytest

from unbake.image.shading import DIELECTRIC_F0, shade

torch = pytest.importorskip("torch")


def texel(*values: float) -> np.ndarray:
    return np.array([values], np.float64)


UP = texel(0, 0, 1)
BLACK, GREY, WHITE = texel(0, 0, 0), texel(0.5, 0.5, 0.5), texel(1, 1, 1)
NO, YES = texel(0), texel(1)


def at(degrees: float, turned: float = 0.0) -> tuple[float, float, float]:
    """A direction so many degrees from straight up."""
    tilt, turn = math.radians(degrees), math.radians(turned)
    return (math.sin(tilt) * math.cos(turn), math.sin(tilt) * math.sin(turn), math.cos(tilt))


def hemisphere(count: int = 400) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], float]:
    """Directions of equal solid angle and that solid angle."""
    z, turn = np.meshgrid((np.arange(count) + 0.5) / count, (np.arange(count) + 0.5) / count * 2 * np.pi)
    side = np.sqrt(1 - z**2)
    parts = (side * np.cos(turn), side * np.sin(turn), z)
    return tuple(part.reshape(-1, 1) for part in parts), 2 * np.pi / count**2


def reflected_share(albedo: np.ndarray, roughness: float, metallic: np.ndarray, eye: tuple) -> float:
    """How much of an even white sky comes back, by adding up lights."""
    lights, angle = hemisphere()
    seen = shade(albedo, UP, texel(roughness), metallic, YES, lights, eye, light=angle, ambient=0)
    return float(seen[:, 0].sum())


@pytest.mark.parametrize("degrees", [0, 45, 75])
@pytest.mark.parametrize("metallic", [NO, YES])
@pytest.mark.parametrize("roughness", [0.2, 0.5, 1.0])
def test_no_surface_gives_back_more_light_than_falls_on_it(roughness, metallic, degrees):
    assert reflected_share(WHITE, roughness, metallic, at(degrees)) <= 1.005


def test_a_smooth_white_metal_gives_back_nearly_all():
    assert reflected_share(WHITE, 0.25, YES, at(30)) == pytest.approx(1, abs=0.02)


def test_a_black_dielectric_seen_from_above_gives_back_its_f0():
    assert reflected_share(BLACK, 0.25, NO, (0, 0, 1)) == pytest.approx(DIELECTRIC_F0, rel=0.03)


@pytest.mark.parametrize("degrees", [0, 30, 60, 89])
def test_rough_grey_paint_follows_the_cosine_of_lambert(degrees):
    diffuse, gloss = (
        shade(colour, UP, YES, NO, YES, at(degrees), light=math.pi, ambient=0)[0, 0]
        for colour in (GREY, BLACK)
    )
    cosine = math.cos(math.radians(degrees))
    inwards, outwards = 1 - (0.04 + 0.96 * (1 - cosine) ** 5), 0.96
    assert diffuse - gloss == pytest.approx(0.5 * inwards * outwards * cosine)


@pytest.mark.parametrize("roughness", [0.1, 0.3, 0.9])
@pytest.mark.parametrize("degrees", [0, 40, 70])
def test_the_mirror_direction_shines_as_the_closed_form_says(roughness, degrees):
    light, eye = at(degrees), at(degrees, 180)
    found = shade(BLACK, UP, texel(roughness), NO, YES, light, eye, light=1, ambient=0)[0, 0]
    alpha2, cosine = roughness**4, math.cos(math.radians(degrees))
    density = 1 / (math.pi * alpha2)
    visibility = 1 / (4 * cosine * math.sqrt(cosine**2 * (1 - alpha2) + alpha2))
    fresnel = 0.04 + 0.96 * (1 - cosine) ** 5
    assert found == pytest.approx(fresnel * density * visibility * cosine, rel=1e-6)


def test_the_highlight_is_brightest_where_the_normal_halves_light_and_eye():
    tilts = np.arange(0, 41)
    normals = np.array([at(degrees) for degrees in tilts])
    many = np.ones((41, 1))
    seen = shade(0 * normals, normals, 0.2 * many, 0 * many, many, at(40), light=1, ambient=0)
    assert tilts[seen[:, 0].argmax()] == 20


def test_light_and_eye_may_change_places():
    one, other = at(20, 10), at(65, 130)
    there = shade(GREY, UP, texel(0.4), texel(0.3), YES, one, other, ambient=0)[0] / one[2]
    back = shade(GREY, UP, texel(0.4), texel(0.3), YES, other, one, ambient=0)[0] / other[2]
    np.testing.assert_allclose(there, back, rtol=1e-12)


def test_light_from_behind_leaves_only_the_sky():
    seen = shade(WHITE, UP, texel(0.5), NO, texel(0.5), (0, 0.6, -0.8), ambient=0.3)
    np.testing.assert_allclose(seen, 0.15, rtol=1e-12)


def test_a_metal_tints_its_highlight_and_has_no_paint_below():
    gold = texel(1.0, 0.7, 0.3)
    seen = shade(gold, UP, texel(0.3), YES, YES, (0, 0, 1), ambient=0)[0]
    np.testing.assert_allclose(seen / seen[0], gold[0], rtol=1e-9)


def test_a_slope_that_faces_the_light_is_brighter():
    slopes = np.array([at(30, 90), at(30, -90)])
    many = np.ones((2, 1))
    up_the_picture, down = shade(0.5 + 0 * slopes, slopes, many, 0 * many, many, (0, 0.7, 0.7))[:, 0]
    assert up_the_picture > down


def test_the_length_of_the_directions_does_not_matter():
    args = (GREY, UP, texel(0.4), NO, YES)
    np.testing.assert_allclose(shade(*args, (3, 0, 4)), shade(*args, (0.6, 0, 0.8), (0, 0, 9)), rtol=1e-12)


def random_maps() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    normal = rng.normal((0, 0, 2), 1, (2, 5, 6, 3))
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    maps = (rng.random((2, 5, 6, 3)), normal, *rng.random((3, 2, 5, 6, 1)))
    return tuple(array.astype(np.float32) for array in maps)


def test_numpy_and_torch_agree_whichever_axis_has_the_channels():
    maps = random_maps()
    tensors = [torch.from_numpy(array).movedim(-1, 1) for array in maps]
    found = shade(*tensors, (0.3, 0.2, 0.9), axis=1).movedim(1, -1)
    expected = shade(*maps, (0.3, 0.2, 0.9))
    assert (expected.dtype, found.dtype) == (np.float32, torch.float32)
    np.testing.assert_allclose(found.numpy(), expected, rtol=2e-4, atol=1e-6)


def test_each_sample_of_a_batch_may_have_its_own_light():
    maps = random_maps()
    lights = np.array([[0.3, 0.2, 0.9], [-0.5, 0.1, 0.7]], np.float32)
    both = shade(*maps, lights.T[..., None, None, None])
    for i, light in enumerate(lights):
        np.testing.assert_allclose(both[i], shade(*(array[i] for array in maps), light), rtol=1e-4)


def test_a_mirror_highlight_is_the_same_in_float32_and_float64():
    normals = np.array([at(0.02 * step) for step in range(50)])
    many = np.ones((50, 1))
    maps = (0 * normals, normals, 0.04 * many, 0 * many, many)
    exact = shade(*maps, (0, 0, 1), ambient=0)
    rounded = shade(*(array.astype(np.float32) for array in maps), (0, 0, 1), ambient=0)
    np.testing.assert_allclose(rounded, exact, rtol=1e-3)


def test_gradients_are_finite_at_the_ends_of_every_range():
    for end in (0.0, 1.0):
        maps = [torch.full((1, 3, 2, 2), end, dtype=torch.float64)]
        maps += [
            torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)[None, :, None, None].expand(1, 3, 2, 2).clone()
        ]
        maps += [torch.full((1, 1, 2, 2), end, dtype=torch.float64) for _ in range(3)]
        for tensor in maps:
            tensor.requires_grad_()
        for light in ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0), (0.0, 0.6, -0.8)):
            shade(*maps, light, axis=1).sum().backward()
        assert all(tensor.grad is not None and bool(torch.isfinite(tensor.grad).all()) for tensor in maps)
