"""What a set costs, counted: networks run, texels they see, files opened; a slower machine changes none of it."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.seen import seen

from unbake.batch.events import Options
from unbake.batch.stages import Stages
from unbake.convert.find import find_sets
from unbake.convert.predict import Seen
from unbake.convert.reading import MOST, SIDE
from unbake.convert.sets import TextureSet
from unbake.domain.card import FORMAT, Card
from unbake.domain.maps import MAPS_HEADS, OUTPUTS, MapKind
from unbake.domain.networks import RING
from unbake.evidence.level import Level
from unbake.export.packs import load_preset
from unbake.export.rules import Rules
from unbake.image.dds.blocks import Effort
from unbake.image.dds.encode import write_dds
from unbake.image.dds.formats import DxgiFormat
from unbake.image.geometry import GEOMETRY_VERSION


class Counting:
    """A stand-in for the networks that go on round a texture by themselves, and counts what each is given."""

    ring = RING

    def __init__(self) -> None:
        self.card = Card(
            format=FORMAT, size="small", stride=16, halo=90, segformer_px=512, geometry_version=GEOMETRY_VERSION,
            classes=("wood",), use=dict.fromkeys(OUTPUTS, "network"), level_albedo="network",
        )  # fmt: skip
        self.calls: Counter[str] = Counter()
        self.texels: Counter[str] = Counter()

    def count(self, network: str, image: np.ndarray) -> None:
        self.calls[network] += 1
        self.texels[network] += image[..., 0].size

    def predict_global(self, diffuse: np.ndarray, *_: Any) -> Seen:
        self.count("whole", diffuse)
        return seen(diffuse.shape, (0.5,), mask=0.3, logit=-1.0)

    def predict_albedo(self, window: dict[MapKind, np.ndarray], *_: Any) -> dict[MapKind, np.ndarray]:
        self.count("albedo", window[MapKind.DIFFUSE])
        return {MapKind.ALBEDO: window[MapKind.DIFFUSE]}

    def predict_maps(self, window: dict[MapKind, np.ndarray], *_: Any) -> dict[MapKind, np.ndarray]:
        self.count("maps", window[MapKind.ALBEDO])
        return dict.fromkeys(MAPS_HEADS, window[MapKind.ALBEDO][..., :1])


def wall(folder: Path, side: int) -> Path:
    pixels = np.random.default_rng(0).integers(60, 200, (side, side, 4), np.uint8)
    folder.mkdir()
    for name in ("wall", "wall_n"):
        write_dds(folder / f"{name}.dds", [pixels], DxgiFormat.R8G8B8A8_UNORM, Effort.FAST)
    return folder


def stages_of(out: Path, networks: Counting, seamless: bool) -> Stages:
    options = Options(effort=Effort.FAST, seamless=seamless)
    preset, level = load_preset("skyrim"), Level(0.5, 0.5, 0.1, 9)
    return Stages(out, options, preset, Rules(), networks, "counted", level)  # type: ignore[arg-type]


def convert(stages: Stages, files: TextureSet) -> None:
    stages.write(stages.infer(stages.load(files, lambda *_: None, lambda size: None)))


@pytest.mark.parametrize("seamless", [True, False])
@pytest.mark.parametrize(("side", "read"), [(SIDE, SIDE), (2 * SIDE, SIDE)])
def test_each_network_runs_once_for_a_set_on_little_more_than_what_is_read(
    tmp_path: Path, side: int, read: int, seamless: bool
) -> None:
    networks = Counting()
    [files], _ = find_sets(wall(tmp_path / "in", side))
    convert(stages_of(tmp_path / "out", networks, seamless), files)
    assert networks.calls == {"whole": 1, "albedo": 1, "maps": 1}
    most = 1.15 if seamless else 1.0
    assert all(texels <= most * read**2 for texels in networks.texels.values())
    assert read <= MOST


def test_each_file_of_a_set_is_opened_once_to_convert_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, opened = wall(tmp_path / "in", 64), Counter[str]()
    path_open = Path.open

    def counted(self: Path, *rest: Any, **named: Any) -> Any:
        if self.parent == root:
            opened[self.name] += 1
        return path_open(self, *rest, **named)

    stages, ([files], _) = stages_of(tmp_path / "out", Counting(), True), find_sets(root)
    monkeypatch.setattr(Path, "open", counted)
    convert(stages, files)
    assert set(opened.values()) == {1}
    assert set(opened) == {"wall.dds", "wall_n.dds"}
