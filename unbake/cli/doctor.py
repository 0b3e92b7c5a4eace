"""The verb that checks whether this machine can convert, and names the commands that repair or speed it up."""

import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import typer

from unbake.cli.examples import bundled_examples
from unbake.cli.terminal import Model
from unbake.errors import UnbakeError
from unbake.version import __version__

RUNTIMES: Final = {
    "onnxruntime": "any processor",
    "onnxruntime-gpu": "NVIDIA cards, by CUDA",
    "onnxruntime-directml": "any graphics card on Windows, by DirectML",
}
"""Wheels of ONNX Runtime; they install the same files, so that only one may be there."""

_NAMES: Final = {
    "CUDAExecutionProvider": "CUDA",
    "DmlExecutionProvider": "DirectML",
    "CPUExecutionProvider": "the CPU",
}
_EXAMPLE: Final = "architecture/farm/farmplanks01"
_LEAST_DISK: Final = 200 << 20
_ENOUGH_DISK: Final = 5 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One check of the machine: its subject, the finding, whether that works, commands that help."""

    about: str
    found: str
    works: bool = True
    commands: tuple[str, ...] = ()


def doctor(
    out: Annotated[Path, typer.Option(help="Where mods are to be written; its disk is looked at.")] = Path(),
    model: Model = None,
) -> None:
    """Tell what this machine converts with, try it on a small texture, and name what would make it faster.

    Looks at the device, ONNX Runtime and its providers, the model, the DDS encoders and the disk.
    Exit code: 0 all works, 1 something is broken (its line begins with BROKEN).
    """
    broken = False
    for finding in findings(out, model):
        broken |= not finding.works
        typer.echo(f"{'ok' if finding.works else 'BROKEN':7s}{finding.about:14s}{finding.found}")
        for command in finding.commands:
            typer.echo(f"{'':21s}{command}")
    if broken:
        raise typer.Exit(1)


def findings(out: Path, model: Path | None = None) -> Iterator[Finding]:
    """Every look at the machine, in the order that a person reads them; none of them raises."""
    system = f"{platform.system()} {platform.release()}, Python {platform.python_version()}"
    yield Finding("unbake", f"{__version__} on {system}, {os.cpu_count() or 1} CPU cores")
    for about, look in (
        ("ONNX Runtime", _runtime),
        ("device", lambda: _device(model)),
        ("model", lambda: _model(model)),
        ("encoders", _encoders),
        ("disk", lambda: _disk(out)),
        ("self-test", lambda: _self_test(model)),
    ):
        yield _tried(about, look)


def _tried(about: str, look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except Exception as error:  # a doctor does not die of what the patient has
        message = str(error) if isinstance(error, UnbakeError) else f"{type(error).__name__}: {error}"
        return Finding(about, " ".join(message.split()), works=False, commands=_reinstall())


def _runtime() -> Finding:
    """The installed wheel, the devices it can use, and a faster wheel if there is one."""
    there = [name for name in RUNTIMES if _installed(name)]
    if len(there) != 1:
        found = (
            f"{' and '.join(there)} are installed and overwrite each other" if there else "is not installed"
        )
        return Finding("ONNX Runtime", found, False, swap(there, _best()))
    import onnxruntime as ort

    offered = [_NAMES[name] for name in _NAMES if name in ort.get_available_providers()]
    if not offered:
        return Finding(
            "ONNX Runtime", "it offers neither CUDA, DirectML nor the CPU", False, swap(there, _best())
        )
    found = f"{there[0]} {ort.__version__}, can use {' and '.join(offered)}"
    best = _best()
    if best in there:
        return Finding("ONNX Runtime", found)
    return Finding("ONNX Runtime", f"{found}; faster here, for {RUNTIMES[best]}:", commands=swap(there, best))


def _device(model: Path | None) -> Finding:
    """The device that a network of the model really runs on, which may be less than the runtime offers."""
    import onnxruntime as ort

    from unbake.convert.bundle import bundle_folder
    from unbake.convert.sessions import providers
    from unbake.domain.networks import CLASSIFIER

    offered = providers()
    options = ort.SessionOptions()
    options.log_severity_level = 4  # what it says to stderr is said here
    session = ort.InferenceSession(bundle_folder(model) / f"{CLASSIFIER}.onnx", options, providers=offered)
    used = session.get_providers()[0]
    cards = f", of {' and '.join(_cards())}" if _cards() else ""
    if used == offered[0]:
        return Finding(
            "device", f"networks run on {_NAMES[used]}{cards if used != 'CPUExecutionProvider' else ''}"
        )
    found = f"{_NAMES[offered[0]]} does not start, networks run on {_NAMES.get(used, used)}; its libraries are missing:"
    return Finding("device", found, False, swap([wheel for wheel in RUNTIMES if _installed(wheel)], _best()))


def _cards() -> list[str]:
    """Names of the NVIDIA cards, where their driver is installed."""
    import subprocess

    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    asked = [program, "--query-gpu=name", "--format=csv,noheader"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return (
        [line.strip() for line in answer.stdout.splitlines() if line.strip()]
        if answer.returncode == 0
        else []
    )


def _best() -> str:
    """The wheel that suits this machine, as far as one can see from outside."""
    if _cards():
        return "onnxruntime-gpu"
    return "onnxruntime-directml" if sys.platform == "win32" else "onnxruntime"


def swap(there: list[str], wanted: str) -> tuple[str, ...]:
    """The commands that put one wheel of ONNX Runtime in the place of others, for the Python that runs this.

    >>> [line.split(" -m ")[1] for line in swap(["onnxruntime"], "onnxruntime-directml")]
    ['pip uninstall -y onnxruntime', 'pip install onnxruntime-directml']
    """
    # CUDA's own libraries come as wheels too; without these extras they must be installed by hand.
    package = '"onnxruntime-gpu[cuda,cudnn]"' if wanted == "onnxruntime-gpu" else wanted
    python = f'"{sys.executable}" -m pip'
    removed = (f"{python} uninstall -y {' '.join(there)}",) if there else ()
    return (*removed, f"{python} install {package}")


def _model(model: Path | None) -> Finding:
    from unbake.convert.bundle import bundle_folder
    from unbake.convert.predict import load_predictor

    folder = bundle_folder(model)
    predictor = load_predictor(model)
    if predictor is None:
        return Finding("model", "none is bundled, so that maps are made by rules", False, _reinstall())
    card = predictor.card
    networks = [kind for kind, maker in card.use.items() if maker == "network"]
    return Finding("model", f"{card.size}, makes {', '.join(networks)} ({folder})")


def _encoders() -> Finding:
    import numpy as np

    from unbake.image.dds import bc7
    from unbake.image.dds.blocks import BlockFormat, decode_blocks, encode_blocks

    ramp = np.linspace(0, 255, 16 * 16).astype(np.uint8).reshape(16, 16, 1)
    for form in (BlockFormat.BC1, BlockFormat.BC4, BlockFormat.BC5, BlockFormat.BC7):
        pixels = np.repeat(ramp, 1 if form is BlockFormat.BC4 else 3, axis=2)
        blocks = encode_blocks(pixels[..., :2] if form is BlockFormat.BC5 else pixels, form)
        error = np.abs(decode_blocks(blocks, 16, 16, form)[..., 0].astype(int) - ramp[..., 0]).mean()
        if error > 8:
            return Finding("encoders", f"{form} comes back wrong by {error:.0f} of 255", False, _reinstall())
    by = "ispc-texcomp" if bc7.ispc_texcomp is not None else "etcpak (slower: there is no ispc-texcomp here)"
    return Finding("encoders", f"BC1, BC4, BC5 and BC7 are read back right; BC7 by {by}")


def _disk(out: Path) -> Finding:
    """Room and rights where mods go; a folder is made and removed."""
    from tempfile import TemporaryDirectory

    folder = next(place for place in (out.absolute(), *out.absolute().parents) if place.is_dir())
    free = shutil.disk_usage(folder).free
    try:
        with TemporaryDirectory(dir=folder, prefix=".unbake-"):
            pass
    except OSError as error:
        return Finding(
            "disk", f"'{folder}' cannot be written ({error.strerror}); choose another with --out", False
        )
    room = f"{free / 1e9:.1f} GB are free at '{folder}'"
    if free < _LEAST_DISK:
        return Finding("disk", f"only {room}; make room", False)
    return Finding("disk", room if free >= _ENOUGH_DISK else f"{room}: little for a large mod")


def _self_test(model: Path | None) -> Finding:
    """One bundled example at 256 px, from its DDS files to those of the mod, read back."""
    from tempfile import TemporaryDirectory

    from unbake.batch.run import Options, convert_folder
    from unbake.export.pgpatcher_faults import validate
    from unbake.image.files import read_picture

    with (
        bundled_examples() as examples,
        TemporaryDirectory(prefix="unbake-") as folder,
    ):
        out = Path(folder) / "mod"
        options = Options(model=model, include=(_EXAMPLE,), max_size=256)
        started = time.perf_counter()
        summary = convert_folder(examples, out, options)
        seconds = time.perf_counter() - started
        written = sorted((out / "textures").rglob("*.dds"))
        sizes = {read_picture(path).pixels.shape[:2] for path in written}
        faults = [failure.message for failure in summary.failed] + validate(out)
    if not faults and (len(written) < 3 or sizes != {(256, 256)}):
        faults = [f"it gave {len(written)} files of sizes {sorted(sizes)}"]
    if faults:
        return Finding("self-test", f"an example did not convert: {faults[0]}", False, _reinstall())
    return Finding(
        "self-test", f"a texture of 256×256 took {seconds:.1f} s, {len(written)} DDS files read back"
    )


def _installed(distribution: str) -> bool:
    from importlib import metadata

    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _reinstall() -> tuple[str, ...]:
    return (f'"{sys.executable}" -m pip install --force-reinstall unbake',)
