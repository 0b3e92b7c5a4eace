"""Predicted maps are cached: other rules, strengths and presets pack them again without the networks."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from unbake.batch.events import Event, Options, SetDone, Summary
from unbake.batch.map_cache import FOLDER, read_cached, write_cached
from unbake.batch.run import convert_folder
from unbake.convert.convert import convert_set
from unbake.convert.inputs import load_inputs
from unbake.convert.sets import TextureSet
from unbake.convert.sources import Source
from unbake.domain.maps import OUTPUTS
from unbake.image.files import read_picture, write_png

RNG = np.random.default_rng(12)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("pan", "pot"):
        write_png(tmp_path / "in" / f"{name}.png", RNG.random((16, 16, 3), np.float32))
        write_png(tmp_path / "in" / f"{name}_n.png", RNG.random((16, 16, 4), np.float32) * 0.2 + 0.5)
    return tmp_path / "in"


def convert(root: Path, out: Path, **options: object) -> tuple[Summary, list[bool]]:
    """What became of it, and for each set that was converted whether its maps were made for it."""
    events: list[Event] = []
    chosen = Options(**{"preset": "png", "threads": 1, **options})
    summary = convert_folder(root, out, chosen, events.append, predictor="rules")
    return summary, [event.inferred for event in events if isinstance(event, SetDone)]


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.parametrize(
    "change",
    [
        {"adjust": ("roughness.bias=0.2",)},
        {"preset": "gltf"},
        {"preset": "skyrim"},
        {"parallax": True, "preset": "skyrim"},
    ],
)
def test_packing_anew_runs_no_network(root: Path, tmp_path: Path, change: dict[str, object]) -> None:
    assert convert(root, tmp_path / "out")[1] == [True, True]
    summary, inferred = convert(root, tmp_path / "out", **change)
    assert (len(summary.converted), inferred) == (2, [False, False])


def test_packing_anew_gives_what_converting_anew_gives(root: Path, tmp_path: Path) -> None:
    change = {"adjust": ("roughness.bias=0.2", "normal.strength=0.5")}
    convert(root, tmp_path / "a" / "mod")
    convert(root, tmp_path / "a" / "mod", **change)
    convert(root, tmp_path / "b" / "mod", **change)
    assert contents(tmp_path / "a" / "mod") == contents(tmp_path / "b" / "mod")


def test_a_rule_for_one_texture_packs_that_one_alone(root: Path, tmp_path: Path) -> None:
    convert(root, tmp_path / "out")
    before = read_picture(tmp_path / "out" / "pot_roughness.png").pixels.astype(int)
    (root / "unbake.toml").write_text('[[rules]]\nmatch = "pot"\nroughness.bias = 0.2\n', "utf-8")
    summary, inferred = convert(root, tmp_path / "out")
    assert (summary.converted, summary.unchanged, inferred) == (("pot",), ("pan",), [False])
    after = read_picture(tmp_path / "out" / "pot_roughness.png").pixels.astype(int)
    assert set(np.unique(after - before)) == {51}


@pytest.mark.parametrize("change", [{"seamless": True}, {"max_size": 8}])
def test_what_the_networks_are_told_runs_them_again(
    root: Path, tmp_path: Path, change: dict[str, object]
) -> None:
    convert(root, tmp_path / "out")
    assert convert(root, tmp_path / "out", **change)[1] == [True, True]


def test_maps_are_not_kept_where_that_is_asked(root: Path, tmp_path: Path) -> None:
    convert(root, tmp_path / "out", keep_maps=False)
    assert not (tmp_path / "out" / FOLDER).exists()
    summary, inferred = convert(root, tmp_path / "out", keep_maps=False, adjust=("ao.strength=0.5",))
    assert (len(summary.converted), inferred) == (2, [True, True])


def test_a_changed_input_leaves_no_old_maps_behind(root: Path, tmp_path: Path) -> None:
    convert(root, tmp_path / "out")
    write_png(root / "pot.png", RNG.random((16, 16, 3), np.float32))
    convert(root, tmp_path / "out")
    assert len(list((tmp_path / "out" / FOLDER).iterdir())) == 2


def test_damaged_maps_are_made_again(root: Path, tmp_path: Path) -> None:
    convert(root, tmp_path / "out")
    for path in (tmp_path / "out" / FOLDER).iterdir():
        path.write_bytes(path.read_bytes()[:-40])
    assert convert(root, tmp_path / "out", preset="gltf")[1] == [True, True]


def test_maps_come_back_as_they_were(root: Path, tmp_path: Path) -> None:
    inputs = load_inputs(TextureSet("pot", "pot", Source(root / "pot.png"), Source(root / "pot_n.png")))
    converted = convert_set(inputs, None)
    write_cached(tmp_path, "key", inputs, converted)
    cached = read_cached(tmp_path, "key")
    assert cached is not None
    again = cached.as_converted(inputs)
    assert all(np.array_equal(again.maps.codes[kind], converted.maps.codes[kind]) for kind in OUTPUTS)
    assert (again.relief, again.notes, again.wrap) == (converted.relief, converted.notes, converted.wrap)
    assert read_cached(tmp_path, "other") is None


def test_kept_maps_that_would_unfold_to_gigabytes_are_not_read(root: Path, tmp_path: Path) -> None:
    convert(root, tmp_path / "out")
    [kept, _] = (tmp_path / "out" / FOLDER).glob("*.zip")
    assert read_cached(tmp_path / "out", kept.stem)
    with zipfile.ZipFile(kept) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    assert read_cached(tmp_path / "out", kept.stem) is None
