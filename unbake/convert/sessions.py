"""Opens a bundle's networks on ONNX Runtime, as this machine runs them best; used by `predict`."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, Final

import onnxruntime as ort

from unbake.domain.networks import CODED, MADE_OF, coded_name
from unbake.errors import UsageError
from unbake.files import content_hash

PROVIDERS: Final = ("CUDAExecutionProvider", "DmlExecutionProvider", "CPUExecutionProvider")
"""Best first."""

OpenNetwork = Callable[[Path, str, int], Any]
"""Opens one network of a bundle's folder, for so many threads: gives a session of the runtime."""


def providers() -> list[str]:
    """ONNX Runtime's execution providers that networks are offered to, best first.

    CUDA's own libraries, where they were installed as wheels beside the runtime, are loaded on the way.
    """
    available = [name for name in PROVIDERS if name in ort.get_available_providers()]
    if "CUDAExecutionProvider" in available:
        ort.preload_dlls()
    return available


def open_network(folder: Path, name: str, threads: int) -> Any:
    """A session of a network: on a processor in integers, where the bundle has it so, made of its file in floats."""
    path, coded = folder / f"{name}.onnx", folder / coded_name(name)
    if name in CODED and coded.is_file() and providers() == ["CPUExecutionProvider"]:
        # The runtime's change of their layout breaks the graphs that go round a texture.
        session = _session(coded, threads, without=["NhwcTransformer"])
        if session.get_modelmeta().custom_metadata_map.get(MADE_OF) == content_hash(bytes_of(path)):
            return session
    return open_floats(folder, name, threads)


def open_floats(folder: Path, name: str, threads: int) -> Any:
    """A session of a network in floats, whatever else the bundle holds."""
    return _session(folder / f"{name}.onnx", threads)


def _session(path: Path, threads: int, without: Sequence[str] = ()) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.use_deterministic_compute = True
    # Threads that wait for work by running in circles take the cores from other sets: a seventh of all seconds of two.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    offered = providers()
    options.enable_mem_pattern = "DmlExecutionProvider" not in offered  # which has none, and may refuse
    try:
        return ort.InferenceSession(path, options, providers=offered, disabled_optimizers=without)
    except Exception as error:  # as in Predictor._run
        raise UsageError(
            f"Expected an ONNX file that this runtime reads in '{path}', got: {' '.join(str(error).split())}; export "
            "the model again."
        ) from error


def turn_of() -> AbstractContextManager[object]:
    """What a thread holds while it runs a network: nothing, or a lock where one may run at a time, as on DirectML."""
    return Lock() if "DmlExecutionProvider" in providers() else nullcontext()


def run_options() -> Any:
    """Keep the arena (2× faster) but shrink it after each run, so that four sessions do not add up."""
    options = ort.RunOptions()
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    return options


def bytes_of(path: Path) -> bytes:
    """One file of a bundle; UsageError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"Expected a readable {path.name} in the model '{path.parent}', got none ({error.strerror}); export the "
            "model again."
        ) from error
