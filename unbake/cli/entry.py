"""Entry points: runs `unbake` or one verb of it as a program; errors become one sentence and an exit code."""

import _thread
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import IO

import typer

from unbake.errors import UnbakeError

TRAINER_NEEDS = ("torch", "transformers", "safetensors", "tensorboard", "onnx", "onnxscript", "datasets")
"""Packages that only the train extra installs."""


STOPPED = 130
"""Exit code of a program that a signal stopped, as a shell gives it for Ctrl-C."""


def run(program: Callable[[], object]) -> None:
    """Run a program; an error of ours becomes one sentence on stderr and its exit code (see `unbake.errors`).

    So does what the system refuses: a full disk, a damaged or read-only one, missing rights. Ctrl-C, SIGTERM and a
    closing terminal end the program by a KeyboardInterrupt, with one sentence and STOPPED.
    """
    # A redirected stream on Windows knows no arrows, let alone Cyrillic.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    with _interruptible():
        try:
            program()
        except ModuleNotFoundError as error:
            if (error.name or "").split(".")[0] not in TRAINER_NEEDS:
                raise
            _say(
                f"Expected {error.name} for this verb, it is not installed; run pip install 'unbake[train]'."
            )
            sys.exit(2)
        except UnbakeError as error:
            _say(str(error))
            sys.exit(error.exit_code)
        except OSError as error:
            _say(_refused(error))
            sys.exit(1)
        except UnicodeError as error:
            _say(f"Expected text in UTF-8, got: {' '.join(str(error).split())}; save the file as UTF-8.")
            sys.exit(1)


def _refused(error: OSError) -> str:
    """One sentence for what the system refused."""
    where = f" '{error.filename}'" if error.filename else ""
    reason = error.strerror or " ".join(str(error).split())
    return f"Expected to read or write{where or ' a file'}, got: {reason}; check the disk's space and your rights."


def _say(sentence: str) -> None:
    with suppress(OSError):  # the terminal may have gone
        typer.secho(f"unbake: {sentence}", fg="red" if sys.stderr.isatty() else None, err=True)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Within it, signals that ask for an end raise KeyboardInterrupt, once: at the second the process ends."""
    stopped = False

    def stop(number: int, frame: object) -> None:
        nonlocal stopped
        if stopped and number != hangup:  # a closing terminal sends that one twice
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        elif not stopped:
            stopped = True
            raise KeyboardInterrupt

    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    numbers = [number for number in (signal.SIGINT, signal.SIGTERM, hangup) if number is not None]
    kept = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]  # nohup
    before = {number: signal.signal(number, stop) for number in kept}
    try:
        yield
    except SystemExit as end:
        if stopped and end.code == STOPPED:
            _say("stopped: what is finished is kept; run it again to go on")
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def interrupt_at_end(stream: IO[bytes]) -> None:
    """Interrupt this process, as Ctrl-C does, when a stream ends; returns at once.

    A pipe that whoever started the process closes, or loses as it dies, means the same on every system, unlike
    signals between processes on Windows.
    """

    def wait() -> None:
        while stream.read(4096):
            pass
        if sys.platform == "win32":
            _thread.interrupt_main()
        else:
            os.kill(os.getpid(), signal.SIGINT)  # wakes the main thread, too, where it waits for a lock

    Thread(target=wait, daemon=True).start()


def run_verb(verb: Callable[..., None]) -> None:
    """Run one verb as a program of its own, --help included: the entry point of a file in scripts/."""
    program = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
    program.command()(verb)
    run(program)
