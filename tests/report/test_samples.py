"""Validation samples: what the trainer leaves is what the viewer shows."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unbake.errors import FileError
from unbake.report.samples import FOLDER, MOST, Sample, run_gallery, write_samples

RNG = np.random.default_rng(5)
SAMPLE = Sample(
    "stone/slates",
    {"albedo": 0.25},
    {
        "diffuse": RNG.integers(0, 256, (16, 8, 3)).astype(np.uint8),
        "albedo": RNG.integers(0, 256, (16, 8, 3)).astype(np.uint8),
        "truth/albedo": RNG.integers(0, 256, (16, 8, 3)).astype(np.uint8),
        "height": RNG.integers(0, 256, (16, 8, 1)).astype(np.uint8),
    },
    "matsynth",
)


def test_a_sample_comes_back_texel_by_texel(tmp_path: Path):
    write_samples(tmp_path / "train_logs" / "some" / "ao", 12, [SAMPLE])
    gallery = run_gallery(tmp_path / "train_logs" / "some" / "ao")
    (entry,) = gallery.page.sets
    assert (gallery.page.kind, gallery.page.title) == ("run", "some/ao")
    assert (entry.name, entry.figures) == ("stone/slates @ epoch 12", {"albedo": 0.25})
    assert entry.notes == ["from matsynth"]
    assert entry.thumbs.keys() == {"diffuse", "albedo", "truth/albedo", "height"}
    data = gallery.make[entry.key]()
    assert (data.width, data.height, data.relief) == (8, 16, 0.0)
    for name, pixels in SAMPLE.maps.items():
        read = np.asarray(Image.open(io.BytesIO(base64.b64decode(data.images[name].partition(",")[2]))))
        assert (read.reshape(pixels.shape) == pixels).all()


def test_the_first_epoch_and_the_latest_ones_stay_and_come_latest_first(tmp_path: Path):
    for epoch in range(9):
        write_samples(tmp_path, epoch, [SAMPLE])
    names = [path.stem for path in sorted((tmp_path / FOLDER).iterdir())]
    assert names == ["0000", *(f"{epoch:04d}" for epoch in range(10 - MOST, 9))]
    assert run_gallery(tmp_path).page.sets[0].name.endswith("epoch 8")


def test_what_an_earlier_run_left_of_later_epochs_goes(tmp_path: Path):
    for epoch in (0, 3, 4, 2):
        write_samples(tmp_path, epoch, [SAMPLE])
    assert [path.stem for path in sorted((tmp_path / FOLDER).iterdir())] == ["0000", "0002"]


def test_the_same_samples_give_the_same_bytes(tmp_path: Path):
    for folder in ("a", "b"):
        write_samples(tmp_path / folder, 1, [SAMPLE])
    assert len({path.read_bytes() for path in tmp_path.glob("*/samples/0001.zip")}) == 1


def test_no_samples_and_damaged_ones_are_one_sentence_each(tmp_path: Path):
    with pytest.raises(FileError, match="Expected validation samples"):
        run_gallery(tmp_path)
    write_samples(tmp_path, 1, [SAMPLE])
    path = tmp_path / FOLDER / "0001.zip"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(FileError, match="Expected whole validation samples"):
        run_gallery(tmp_path)
