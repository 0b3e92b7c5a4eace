from pathlib import Path

import numpy as np
import pytest

from unbake.errors import FileError, TextureSetError
from unbake.synth.traced import (
    SUNS,
    Mixture,
    Traced,
    draw_light,
    draw_mixture,
    encode_traced,
    mirrored_light,
    mix,
    read_traced,
    sized,
    traced_path,
)


def light(rows: int = 12, columns: int = 16, metal: bool = True) -> Traced:
    rng = np.random.default_rng(1)
    return Traced(
        fields=rng.uniform(0, 2, (1 + SUNS, rows, columns)).astype(np.float32),
        towards=np.float32([[0.6, 0, 0.8], [0, 0.6, 0.8], [-0.6, 0, 0.8]]),
        relief=0.04,
        full=rng.uniform(0, 1, (rows, columns, 3)).astype(np.float32) if metal else None,
    )


@pytest.mark.parametrize("metal", [True, False])
def test_light_comes_back_from_its_file(tmp_path: Path, metal: bool):
    path = traced_path(tmp_path, "stone/wall")
    path.parent.mkdir()
    path.write_bytes(encode_traced(light(metal=metal)))
    back = read_traced(path)
    np.testing.assert_allclose(back.fields, light().fields, atol=1e-3)
    np.testing.assert_allclose(back.towards, light().towards)
    assert back.relief == pytest.approx(0.04)
    assert (back.full is None) == (not metal)


def test_a_file_of_anything_else_is_refused(tmp_path: Path):
    with pytest.raises(FileError, match="trace it anew"):
        read_traced(tmp_path / "none.npz")
    path = tmp_path / "other.npz"
    whole = encode_traced(light())
    np.savez(tmp_path / "names.npz", allow_pickle=False, fields=np.zeros(3))
    wrong = Traced(light().fields[:2], light().towards, 0.0)
    for data in (b"", b"no npz", whole[:200], encode_traced(wrong), (tmp_path / "names.npz").read_bytes()):
        path.write_bytes(data)
        with pytest.raises(FileError, match="trace it anew"):
            read_traced(path)


def test_pickles_are_never_read(tmp_path: Path):
    path = tmp_path / "pickled.npz"
    np.savez(path, version=np.array([object()]), fields=np.zeros(3))
    with pytest.raises(FileError):
        read_traced(path)


def test_a_materials_name_stays_in_the_folder(tmp_path: Path):
    with pytest.raises(FileError):
        traced_path(tmp_path, "../other")


def test_mixed_light_has_mean_one_and_is_never_negative():
    for seed in range(20):
        made = draw_light(light(), np.random.default_rng(seed))
        assert made.shape == (12, 16, 3)
        assert made.dtype == np.float32
        assert made.mean() == pytest.approx(1, rel=1e-5)
        assert made.min() >= 0


def test_light_adds_where_exponents_are_one():
    traced = light()
    colours = np.float32([[0.5, 0.6, 0.7], [1, 0.9, 0.8], [0, 0, 0], [0.1, 0.1, 0.1]])
    made = mix(traced, Mixture(colours, np.ones(1 + SUNS, np.float32)))
    wanted = sum(field[..., None] * colour for field, colour in zip(traced.fields, colours, strict=True))
    np.testing.assert_allclose(made, wanted / wanted.mean(), rtol=1e-5)


def test_a_generator_draws_the_same_mixture_again_and_another_one_next():
    rng = np.random.default_rng(3)
    first, second = draw_mixture(rng), draw_mixture(rng)
    again = draw_mixture(np.random.default_rng(3))
    assert np.array_equal(first.colours, again.colours)
    assert not np.array_equal(first.colours, second.colours)
    assert (first.colours >= 0).all()
    assert first.colours[1:].sum() > 0


def test_light_is_resized_but_not_stretched():
    small = sized(light(), 6, 8)
    assert (small.fields.shape, small.full.shape) == ((1 + SUNS, 6, 8), (6, 8, 3))
    np.testing.assert_allclose(small.fields.mean(), light().fields.mean(), rtol=1e-4)
    with pytest.raises(TextureSetError, match="trace it anew"):
        sized(light(), 16, 16)


def test_a_full_rendering_is_the_albedo_under_its_mirrored_light():
    traced, albedo = light(), np.full((12, 16, 3), 0.5, np.float32)
    made = mirrored_light(traced, albedo) * albedo
    assert np.isclose(made, traced.full, atol=1e-5).mean() > 0.95
    assert mirrored_light(light(metal=False), albedo) is None
