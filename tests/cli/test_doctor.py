"""Findings of `unbake doctor`, on this machine as it is and as it might be."""

import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from unbake.cli import doctor
from unbake.cli.doctor import Finding, findings, swap


def named(
    monkeypatch: pytest.MonkeyPatch, *installed: str, cards: tuple[str, ...] = (), system: str = "linux"
) -> None:
    """A machine with these wheels of ONNX Runtime, these NVIDIA cards and this system."""
    monkeypatch.setattr(doctor, "_installed", lambda name: name in installed)
    monkeypatch.setattr(doctor, "_cards", lambda: list(cards))
    monkeypatch.setattr(sys, "platform", system)


def test_this_machine_works_and_says_with_what_and_how_fast(tmp_path: Path):
    found = {one.about: one for one in findings(tmp_path)}
    assert [one.about for one in found.values() if not one.works] == []
    assert list(found) == ["unbake", "ONNX Runtime", "device", "model", "encoders", "disk", "self-test"]
    assert "CPU" in found["device"].found
    assert "256×256 took" in found["self-test"].found
    assert list(tmp_path.iterdir()) == []


def test_two_wheels_at_once_are_broken_and_the_commands_leave_one(monkeypatch: pytest.MonkeyPatch):
    named(monkeypatch, "onnxruntime", "onnxruntime-gpu", cards=("A card",))
    found = doctor._runtime()
    assert not found.works
    assert [one.partition(" -m ")[2] for one in found.commands] == [
        "pip uninstall -y onnxruntime onnxruntime-gpu",
        'pip install "onnxruntime-gpu[cuda,cudnn]"',
    ]


def test_no_wheel_is_broken_and_one_command_installs_it(monkeypatch: pytest.MonkeyPatch):
    named(monkeypatch)
    found = doctor._runtime()
    assert (found.works, len(found.commands)) == (False, 1)
    assert found.commands[0].endswith("-m pip install onnxruntime")


@pytest.mark.parametrize(
    ("cards", "system", "wheel"),
    [(("A card",), "win32", '"onnxruntime-gpu[cuda,cudnn]"'), ((), "win32", "onnxruntime-directml")],
)
def test_a_faster_wheel_is_named_with_the_commands_where_a_machine_has_use_for_it(
    monkeypatch: pytest.MonkeyPatch, cards: tuple[str, ...], system: str, wheel: str
):
    named(monkeypatch, "onnxruntime", cards=cards, system=system)
    found = doctor._runtime()
    assert found.works
    assert found.commands[-1].endswith(f"-m pip install {wheel}")
    assert found.commands[0].endswith("-m pip uninstall -y onnxruntime")


def test_the_right_wheel_needs_no_command(monkeypatch: pytest.MonkeyPatch):
    named(monkeypatch, "onnxruntime")
    assert doctor._runtime().commands == ()


def test_commands_are_for_the_python_that_runs_this():
    assert all(
        one.startswith(f'"{sys.executable}" -m pip ') for one in swap(["onnxruntime"], "onnxruntime-gpu")
    )


def test_a_provider_that_does_not_start_is_broken(monkeypatch: pytest.MonkeyPatch):
    import onnxruntime

    named(monkeypatch, "onnxruntime-gpu", cards=("A card",))
    offered = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: offered)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None)
    session = SimpleNamespace(get_providers=lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *given, **options: session)
    found = doctor._device(None)
    assert not found.works
    assert "CUDA does not start, networks run on the CPU" in found.found


def test_too_little_room_is_broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=1 << 20))
    found = doctor._disk(tmp_path / "mod")
    assert (found.works, "only 0.0 GB" in found.found) == (False, True)


def test_a_look_that_fails_is_told_and_the_others_go_on():
    def look() -> Finding:
        raise OSError("the disk is gone")

    found = doctor._tried("disk", look)
    assert (found.works, found.found) == (False, "OSError: the disk is gone")


def test_a_model_that_is_not_there_is_broken(tmp_path: Path):
    found = {one.about: one for one in findings(tmp_path, tmp_path / "none")}
    assert [name for name, one in found.items() if not one.works] == ["device", "model", "self-test"]
    assert "card.json" in found["model"].found
