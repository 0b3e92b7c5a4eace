"""A small set timed as `unbake bench` times the large ones."""

from pathlib import Path

import pytest

from unbake.errors import UsageError
from unbake.evaluate.bench import Asked, bench_batch, bench_sets
from unbake.evaluate.bench_meter import STAGES
from unbake.evaluate.bench_result import SetTime
from unbake.evaluate.bench_sets import tiling, write_sets

ONCE = Asked(repeat=1, threads=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("sets")
    write_sets(made, tiling(32))
    return made


@pytest.fixture(scope="module")
def timed(folder: Path) -> SetTime:
    [one] = bench_sets(folder, ONCE)
    return one


def test_its_stages_are_in_order_and_add_up_to_the_whole(timed: SetTime):
    names = [one.stage for one in timed.stages]
    assert names == [stage for stage in STAGES if stage in names]
    assert {"decode", "UNet-Albedo", "UNet-Maps", "blocks", "report"} <= set(names)
    assert sum(one.cpu_s.median for one in timed.stages) == pytest.approx(timed.whole.cpu_s.median, abs=1e-3)
    assert timed.whole.peak_mb > 10


def test_windows_bytes_and_sizes_are_counted(timed: SetTime):
    assert (timed.width, timed.height, timed.name) == (32, 32, "bench/tile32")
    assert set(timed.windows) == {"unet_albedo", "unet_maps"}
    assert all(one.texels == one.overhead * 32 * 32 for one in timed.windows.values())
    assert timed.output_bytes > timed.source_bytes > 1000


def test_a_batch_converts_the_sets_that_were_timed_alone(folder: Path, timed: SetTime):
    batch = bench_batch(folder, ONCE, [timed])
    assert (batch.sets, batch.threads, batch.bottleneck) == (1, 1, "networks")
    assert batch.speed_up == pytest.approx(timed.whole.wall_s.median / batch.wall_s)


def test_a_folder_without_sets_is_refused(tmp_path: Path):
    with pytest.raises(UsageError, match="got none"):
        bench_sets(tmp_path, ONCE)
