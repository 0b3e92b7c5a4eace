"""The tool that traces light: what of it needs no Blender, and, where bpy is installed, which way its suns shine."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import trace_light
from support.folds_fixture import write_materials

from unbake.data.sources import list_materials
from unbake.domain.maps import MapKind
from unbake.evaluate.run import truth_of
from unbake.image.colour import luminance, srgb_to_linear
from unbake.synth.displaced import displaced
from unbake.synth.traced import SUNS, read_traced, traced_path


def test_the_tool_is_imported_without_blender():
    assert "bpy" not in sys.modules


def test_suns_are_unit_vectors_above_the_ground_that_go_all_round():
    for seed in range(20):
        towards = trace_light.draw_suns(np.random.default_rng(seed))
        np.testing.assert_allclose(np.linalg.norm(towards, axis=1), 1, rtol=1e-5)
        assert (towards[:, 2] > 0.35).all()
        turns = np.sort(np.arctan2(towards[:, 1], towards[:, 0]))
        assert np.diff([*turns, turns[0] + 2 * np.pi]).min() > 1


def test_a_surface_tells_its_corners_normal_colour_roughness_and_metal():
    truth = {
        MapKind.ALBEDO: np.random.default_rng(0).random((8, 8, 3), np.float32),
        MapKind.NORMAL: np.broadcast_to(np.float32([0, 0, 1]), (8, 8, 3)),
        MapKind.ROUGHNESS: np.full((8, 8, 1), 0.3, np.float32),
    }
    shape = displaced(truth, (True, True), np.random.default_rng(0))
    told = trace_light.grown(truth, shape, (True, True)).reshape(16, 16, 8)
    np.testing.assert_allclose(told[4:12, 4:12, 3:6], srgb_to_linear(truth[MapKind.ALBEDO]))
    assert told[0, 0, [2, 6, 7]].tolist() == pytest.approx([1, 0.3, 0])


def test_a_rendering_becomes_as_bright_as_its_albedo():
    rng = np.random.default_rng(0)
    full, albedo = (rng.random((8, 8, 3), np.float32) for _ in range(2))
    made = trace_light.as_bright_as(7 * full, albedo)
    assert luminance(made).mean() == pytest.approx(luminance(srgb_to_linear(albedo)).mean(), rel=1e-4)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("bpy") is None, reason="bpy is not installed")
def test_traced_suns_shine_from_where_the_file_says(tmp_path: Path):
    """Along the rows as across them: a sun's field, fitted by the normals, points to the sun."""
    materials = write_materials(tmp_path / "materials")
    script = Path(trace_light.__file__)
    subprocess.run([sys.executable, script, materials, tmp_path / "out", "--size", "64"], check=True)
    for source in list_materials(materials):
        traced = read_traced(traced_path(tmp_path / "out", source.id))
        normal = truth_of(source, 64)[MapKind.NORMAL].reshape(-1, 3)
        for towards, field in zip(traced.towards, traced.fields[1:].reshape(SUNS, -1), strict=True):
            fitted = np.linalg.lstsq(normal, field, rcond=None)[0][:2]
            assert fitted @ towards[:2] > 0.5 * np.linalg.norm(fitted) * np.linalg.norm(towards[:2])
