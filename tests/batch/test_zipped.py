"""Conversions of downloads: the same bytes as of their folder, again without work, and nothing beside them."""

import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.batch import run
from unbake.batch.events import Options
from unbake.errors import UsageError
from unbake.image.dds.blocks import Effort

convert_folder = partial(run.convert_folder, predictor="rules")
SKYRIM = Options(preset="skyrim", threads=1, effort=Effort.FAST)


def mod(folder: Path) -> Path:
    for seed, name in enumerate(("clutter/pot", "clutter/pot_n", "walls/brick")):
        path = folder / "My Mod" / "textures" / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(60, 200, (16, 16, 3), np.uint8)
        Image.fromarray(pixels).save(path)
    return folder


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


def shipped(out: Path) -> dict[str, bytes]:
    files = (path for top in ("textures", "PBRNIFPatcher") for path in sorted((out / top).rglob("*")))
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files if path.is_file()}


def test_a_zip_gives_the_bytes_of_its_folder_and_a_second_run_has_nothing_to_do(tmp_path: Path):
    folder = mod(tmp_path / "Mod")
    archive = zipped(folder)
    before = archive.read_bytes()
    convert_folder(folder, tmp_path / "a" / "PBR", SKYRIM)
    summary = convert_folder(archive, tmp_path / "b" / "PBR", SKYRIM)
    assert summary.converted == ("clutter/pot", "walls/brick")
    assert shipped(tmp_path / "a" / "PBR") == shipped(tmp_path / "b" / "PBR") != {}
    assert convert_folder(archive, tmp_path / "b" / "PBR", SKYRIM).unchanged == ("clutter/pot", "walls/brick")
    assert archive.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Mod", "Mod.zip", "a", "b"]


def test_a_zip_goes_on_where_its_folder_ended(tmp_path: Path):
    folder = mod(tmp_path / "Mod")
    convert_folder(folder, tmp_path / "PBR", SKYRIM)
    assert convert_folder(zipped(folder), tmp_path / "PBR", SKYRIM).converted == ()


def test_out_is_never_the_zip(tmp_path: Path):
    archive = zipped(mod(tmp_path / "Mod"))
    with pytest.raises(UsageError, match="lie apart"):
        convert_folder(archive, archive, SKYRIM)


def test_a_folder_of_downloads_is_refused_with_what_to_give(tmp_path: Path):
    zipped(mod(tmp_path / "downloads" / "Mod")).rename(tmp_path / "Mod.zip")
    (tmp_path / "only").mkdir()
    (tmp_path / "Mod.zip").rename(tmp_path / "only" / "Mod.zip")
    with pytest.raises(UsageError, match=r"got none but archives such as 'Mod\.zip'; give an archive itself"):
        convert_folder(tmp_path / "only", tmp_path / "out", SKYRIM)
