"""Seconds of stages, by a clock that the test turns, and the probes around the converter's functions."""

import numpy as np
import pytest

from unbake.evaluate import bench_meter
from unbake.evaluate.bench_meter import PROBES, REST, Meter, Probe, owner_of, probed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of the clock; the processor works half of the time."""
    now = [0.0]
    monkeypatch.setattr(bench_meter, "_now", lambda: (now[0] / 2, now[0]))
    return now


def test_a_stage_within_another_counts_for_itself_alone(clock: list[float]):
    meter = Meter()
    with meter.running():
        clock[0] += 1
        with meter.stage("outer"):
            clock[0] += 2
            with meter.stage("inner"):
                clock[0] += 4
            clock[0] += 8
    assert {stage: one.wall for stage, one in meter.spent.items()} == {REST: 1, "outer": 10, "inner": 4}
    assert meter.spent["outer"].cpu == 5


def test_a_stage_that_fails_ends_all_the_same(clock: list[float]):
    meter = Meter()
    with meter.running(), pytest.raises(ZeroDivisionError), meter.stage("bad"):
        clock[0] += 1
        raise ZeroDivisionError
    assert meter.spent["bad"].wall == 1


def test_a_lap_does_not_change_with_what_follows(clock: list[float]):
    meter = Meter()
    with meter.running():
        clock[0] += 1
        lap = meter.lap()
        clock[0] += 2
    assert (lap[REST].wall, meter.spent[REST].wall) == (1, 3)


@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_each_probe_names_a_function_of_the_converter(probe: Probe):
    owner, name = owner_of(probe)
    assert callable(getattr(owner, name))


def test_functions_are_as_they_were_after_an_error():
    before = [getattr(*owner_of(probe)) for probe in PROBES]
    with pytest.raises(ZeroDivisionError), probed(Meter()):
        assert [getattr(*owner_of(probe)) for probe in PROBES] != before
        raise ZeroDivisionError
    assert [getattr(*owner_of(probe)) for probe in PROBES] == before


def test_the_windows_of_a_network_and_their_texels_are_counted(monkeypatch: pytest.MonkeyPatch):
    def network(window: dict[str, np.ndarray], has_specular: bool) -> int:
        return len(window)

    monkeypatch.setattr(bench_meter, "network", network, raising=False)
    meter, probe = Meter(), Probe(bench_meter.__name__, "network", "net", "unet")
    with probed(meter, [probe]), meter.running():
        for side in (8, 16):
            assert bench_meter.network({"diffuse": np.zeros((side, 4, 3))}, True) == 1  # type: ignore[attr-defined]
    assert (meter.windows, meter.texels) == ({"unet": 2}, {"unet": 96})


def test_memory_is_that_of_the_stage_that_holds_it():
    meter = Meter()
    with meter.watched(), meter.running():
        with meter.stage("large"):
            held = np.ones(40 << 20, np.uint8)
            wait(meter, "large")
        del held
    assert meter.peak["large"] > 40 << 20


def wait(meter: Meter, stage: str) -> None:
    """Until the memory of a stage has been looked at, however busy the machine is."""
    import time

    while stage not in meter.peak:
        time.sleep(bench_meter.INTERVAL_S)
