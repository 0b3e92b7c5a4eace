"""Memory of a set, measured in processes of their own, with stand-ins for the networks that cost nothing themselves."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from unbake.batch.plan import MEMORY_PER_TEXEL
from unbake.convert.bundle import bundle_folder
from unbake.convert.predict import Predictor
from unbake.domain.maps import MAPS_HEADS
from unbake.image.dds.blocks import Effort
from unbake.image.dds.formats import DxgiFormat

ONE_SET = """
import re, resource, sys
from pathlib import Path
import numpy as np
from unbake.batch.events import Options
from unbake.convert.find import find_sets
from unbake.batch.stages import Stages
from unbake.convert.predict import Seen
from unbake.domain.card import FORMAT, Card
from unbake.domain.maps import MAPS_HEADS, OUTPUTS, MapKind
from unbake.evidence.level import Level
from unbake.export.packs import load_preset
from unbake.export.rules import Rules
from unbake.image.dds.blocks import Effort
from unbake.image.geometry import GEOMETRY_VERSION

class Copies:
    ring = 0
    card = Card(format=FORMAT, size="tiny", stride=16, halo=96, segformer_px=64, geometry_version=GEOMETRY_VERSION,
                classes=("wood",), use=dict.fromkeys(OUTPUTS, "network"))
    def predict_global(self, diffuse, normal, specular, environment, wrap):
        nothing, size = np.zeros((64, 64, 1), np.float32), diffuse.shape[:2]
        return Seen(np.zeros(11), np.array([0.5]), np.zeros((18, 18, 3)), np.zeros((*size, 1), np.float32), nothing)
    def predict_albedo(self, window, given, labels, around):
        return {MapKind.ALBEDO: window[MapKind.DIFFUSE]}
    def predict_maps(self, window, given, labels, around):
        return {kind: window[MapKind.ALBEDO][..., :1] for kind in MAPS_HEADS}

root, out = Path(sys.argv[1]), Path(sys.argv[2])
options = Options(effort=Effort.FAST, seamless=False)
stages = Stages(out, options, load_preset("skyrim"), Rules(), Copies(), "copies", Level(0.5, 0.5, 0.1, 9))
[files], _ = find_sets(root)
stages.write(stages.infer(stages.load(files, lambda *_: None, lambda size: None)))
# Linux hands a parent's greatest size on in ru_maxrss; that of this program alone is in its status.
status = Path("/proc/self/status")
if status.exists():
    print(int(re.search("VmHWM:\\s+(\\d+) kB", status.read_text())[1]) * 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024))
"""


def peak(folder: Path, side: int, *starter: str) -> int:
    """Bytes at most while one side × side set is converted: a cut-out that does not tile, the dearest there is.

    starter: the words of a program that starts the one that converts.
    """
    from unbake.image.dds.encode import write_dds

    rng = np.random.default_rng(0)
    pixels = rng.integers(60, 200, (side, side, 4), np.uint8)
    pixels[..., 3] = np.where(np.arange(side) % 64 < 32, 0, 255)
    root = folder / str(side)
    root.mkdir(parents=True)
    write_dds(root / "wall.dds", [pixels], DxgiFormat.R8G8B8A8_UNORM, Effort.FAST)
    write_dds(root / "wall_n.dds", [pixels[::-1]], DxgiFormat.R8G8B8A8_UNORM, Effort.FAST)
    command = [*starter, sys.executable, "-c", ONE_SET, str(root), str(folder / "out")]
    return int(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=250).stdout)


BALLAST = """
import subprocess, sys
held = bytearray(800 << 20)
held[::4096] = bytes(len(held[::4096]))  # every page is there
sys.stdout.write(subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True).stdout)
"""
"""A large program that starts another one."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
def test_the_memory_of_the_program_that_measures_counts_for_nothing(tmp_path: Path) -> None:
    alone, started_by_a_large_one = (
        peak(tmp_path / "a", 64),
        peak(tmp_path / "b", 64, sys.executable, "-c", BALLAST),
    )
    assert abs(started_by_a_large_one - alone) < 64 << 20


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no getrusage")
def test_memory_grows_with_the_size_as_planned(tmp_path: Path) -> None:
    sides = (1024, 2048)
    small, large = (peak(tmp_path, side) for side in sides)
    assert (large - small) / (sides[1] ** 2 - sides[0] ** 2) <= MEMORY_PER_TEXEL


class Starved:
    """A session of the runtime that finds no memory."""

    def get_inputs(self) -> list[Any]:
        return []

    def get_outputs(self) -> list[Any]:
        return [SimpleNamespace(name=kind.value) for kind in MAPS_HEADS]

    def run(self, *_: Any) -> list[np.ndarray]:
        raise RuntimeError(
            "[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory for requested buffer of size 9"
        )


def test_the_runtimes_word_for_no_memory_is_a_memory_error() -> None:
    predictor = Predictor(bundle_folder(None), opened=lambda folder, name, threads: Starved())
    with pytest.raises(MemoryError, match="Failed to allocate"):
        predictor.predict_global(*np.zeros((2, 8, 8, 3), np.float32), None, None, (False, False))
