"""Stand-in pairs of Skyrim: the pairs of one source are one mod of one painted level."""

from pathlib import Path

import numpy as np

from unbake.data.levels import painted_level
from unbake.data.sources import MaterialSource, list_materials
from unbake.data.truth import read_material, read_painting
from unbake.files import write_atomic
from unbake.image.files import write_png
from unbake.synth.levels import JITTER
from unbake.train.surrogate_skyrim import write_surrogate

NAMES = tuple(f"slab_{letter}" for letter in "abcdef")


def materials(folder: Path) -> list[MaterialSource]:
    """Six flat grey materials of one source."""
    rng = np.random.default_rng(0)
    for name in NAMES:
        place = folder / "stone" / name
        place.mkdir(parents=True)
        write_png(place / "basecolor.png", rng.uniform(0.4, 0.6, (32, 32, 3)).astype(np.float32))
        write_png(place / "normal.png", np.full((32, 32, 3), (0.5, 0.5, 1.0), np.float32))
        write_atomic(place / "metadata.json", b'{"source": "somebody/mod@1", "metallic": "zero"}')
    return list_materials(folder)


def test_the_pairs_of_one_source_are_painted_at_one_level(tmp_path: Path) -> None:
    assert write_surrogate(materials(tmp_path / "truth"), tmp_path / "skyrim", size=32) == []
    logs = []
    for pair in list_materials(tmp_path / "skyrim", "skyrim"):
        truth = read_material(pair)
        assert pair.own is not None
        size = next(iter(truth.values())).shape[:2]
        logs.append(np.log(painted_level(next(iter(read_painting(pair.own, pair, size).values())), truth)))
    assert len(logs) == len(NAMES)
    # Each set strays by its own jitter, and a little by grading; levels of mods go over a factor of seven.
    assert np.ptp(logs) < 4 * JITTER + 0.5
    assert np.std(logs) < 3 * JITTER
