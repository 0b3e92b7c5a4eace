"""Process-wide settings of a training run, undone when it ends: tiny floats flushed to zero, signals kept for later."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

REPEATED_S = 0.5
"""Seconds after a signal within which others are taken for the same request."""

HANGUP = (signal.SIGHUP,) if hasattr(signal, "SIGHUP") else ()
"""The signal of a terminal that closes; Windows has none."""


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Inside the block floats below the smallest normal one count as zero; afterwards as they did before.

    Vanishing gradients make Adam ten times slower on a CPU otherwise. Left on, the setting would change comparisons
    in all that the process does later: a check for "greater than zero" accepts zero.
    """
    before = sys.float_info.min / 2 == 0.0  # torch sets the mode, but cannot be asked for it
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)


@contextmanager
def stop_requested() -> Iterator[Callable[[], bool]]:
    """Turns SIGTERM, SIGHUP and Ctrl-C into a flag that the loop reads after each step; a second one is immediate.

    A closing terminal sends SIGHUP twice at once, so the second is one that comes REPEATED_S after the first. A
    SIGHUP that is ignored already (nohup) stays so.
    """
    first: float | None = None

    def request(signum: int, frame: object) -> None:
        nonlocal first
        now = time.monotonic()
        if first is None:
            first = now
        elif now - first > REPEATED_S:
            raise KeyboardInterrupt

    before = {
        number: signal.signal(number, request)
        for number in (signal.SIGTERM, signal.SIGINT, *HANGUP)
        if number not in HANGUP or signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield lambda: first is not None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
