"""The timings of `unbake bench` as data: what its JSON file holds, written and read, with the facts of the machine."""

import os
import platform
import re
import subprocess
from pathlib import Path
from typing import Final

import msgspec
import psutil

from unbake.decoding import decode_json
from unbake.errors import UsageError
from unbake.files import write_atomic
from unbake.version import __version__

VERSION: Final = 1
"""Of the file's format: another one means other keys, and does not compare."""

FLAGS: Final = (
    "avx2",
    "fma",
    "avx512f",
    "avx512_vnni",
    "avx512_bf16",
    "amx_int8",
    "amx_bf16",
    "asimddp",
    "i8mm",
)
"""Of a processor, those that make networks faster."""


class Spread(msgspec.Struct, frozen=True):
    """Least, middle and most of some repetitions."""

    low: float
    median: float
    high: float


class StageTime(msgspec.Struct, frozen=True):
    """One stage of a set: CPU seconds, wall seconds, and the most memory that the process held in it, MB.

    peak_mb: the process's own and the networks' included; 0 where the stage was too short to be looked at.
    """

    stage: str
    cpu_s: Spread
    wall_s: Spread
    peak_mb: float = 0.0


class Windows(msgspec.Struct, frozen=True):
    """How often a network ran for one set, and over how many texels; overhead: those ÷ the set's own."""

    count: int
    texels: int
    overhead: float


class SetTime(msgspec.Struct, frozen=True):
    """One texture set converted alone. source_bytes, output_bytes: of its files, map cache and thumbnails included.

    read_bytes, written_bytes: what the process asked of the system for it; None where the system does not tell.
    """

    name: str
    width: int
    height: int
    tiles: tuple[bool, bool]
    stages: list[StageTime]
    whole: StageTime
    windows: dict[str, Windows]
    source_bytes: int
    output_bytes: int
    read_bytes: int | None = None
    written_bytes: int | None = None

    @property
    def megatexels(self) -> float:
        """Millions of texels of one of its maps."""
        return self.width * self.height / 1e6


class Throughput(msgspec.Struct, frozen=True):
    """All the sets converted by one `unbake convert`. speed_up: over one set after the other in one thread.

    bottleneck: the stage of the pipeline that the others wait for, "reading", "networks" or "writing".
    """

    threads: int
    sets: int
    megatexels: float
    wall_s: float
    cpu_s: float
    speed_up: float
    bottleneck: str
    peak_mb: float


class TrainingRate(msgspec.Struct, frozen=True):
    """One way to read or to train: samples a second, and CPU seconds for each."""

    what: str
    samples_per_s: float
    cpu_s: float


class Machine(msgspec.Struct, frozen=True):
    """Where it was measured. device: that the networks ran on, as ONNX Runtime calls it ("CPUExecutionProvider")."""

    cpu: str
    cores: int
    flags: list[str]
    memory_gb: float
    system: str
    python: str
    packages: dict[str, str]
    device: str


class Result(msgspec.Struct, frozen=True):
    """The whole file. commit: of the checkout that the package lies in, "" elsewhere; "+" where it was changed."""

    version: int
    unbake: str
    commit: str
    model: str
    machine: Machine
    threads: int
    repeat: int
    sets: list[SetTime] = []
    throughput: Throughput | None = None
    training: list[TrainingRate] = []


class _Version(msgspec.Struct, frozen=True):
    """The key that is read before all others."""

    version: int


def write_result(path: Path, result: Result) -> None:
    """Write a result as JSON; FileError where it cannot be written."""
    write_atomic(path, msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def read_result(path: Path) -> Result:
    """A result that `write_result` has written; UsageError, one sentence, for every other file."""
    try:
        data = path.read_bytes()
        version = decode_json(data, _Version).version
        if version == VERSION:
            return decode_json(data, Result)
        found = f"one of version {version}"
    except OSError as error:
        found = f"none that can be read ({error.strerror})"
    except msgspec.DecodeError as error:
        found = f"another file ({error})"
    raise UsageError(
        f"Expected timings of 'unbake bench --json' of version {VERSION} in '{path}', got {found}; measure the other "
        "commit again."
    )


def check_target(path: Path) -> None:
    """UsageError where a result could not be written to `path` in the end."""
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"Expected a file in a folder that is there for --json, got '{path}'; name another.")


def this_machine(device: str) -> Machine:
    """The facts of this machine. device: see `Machine`."""
    import numpy
    import onnxruntime

    name, flags = _processor()
    return Machine(
        cpu=name,
        cores=os.cpu_count() or 1,
        flags=[flag for flag in FLAGS if flag in flags],
        memory_gb=round(psutil.virtual_memory().total / 1e9, 1),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        packages={"numpy": numpy.__version__, "onnxruntime": onnxruntime.__version__},
        device=device,
    )


def commit_of(folder: Path) -> str:
    """The commit of the checkout that a folder is part of, with a "+" where files differ from it; "" elsewhere."""

    def asked(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True, timeout=20
        )
        return done.stdout.strip()

    try:
        commit = asked("rev-parse", "--short=12", "HEAD")
        return commit + ("+" if asked("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.SubprocessError):
        return ""


def about_package() -> tuple[str, str]:
    """unbake's version, and its commit (see `commit_of`)."""
    return __version__, commit_of(Path(__file__).parent)


def _processor() -> tuple[str, set[str]]:
    """A processor's name, and its flags where the system tells them (Linux)."""
    try:
        told = Path("/proc/cpuinfo").read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return platform.processor() or platform.machine(), set()
    name = re.search(r"^model name\s*: (.*)$", told, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.*)$", told, re.MULTILINE)
    return name[1] if name else platform.machine(), set(flags[1].split()) if flags else set()
