"""Process-wide settings of a training run, undone when it ends: tiny floats flushed to zero, signals kept for later."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch


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
    """Turns SIGTERM and Ctrl-C into a flag that the loop reads after each step; a second Ctrl-C is immediate."""
    requested = False

    def request(signum: int, frame: object) -> None:
        nonlocal requested
        if requested and signum == signal.SIGINT:
            raise KeyboardInterrupt
        requested = True

    before = {number: signal.signal(number, request) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield lambda: requested
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
