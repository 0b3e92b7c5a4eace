"""One verb of the command line as a process of its own, whose events are read as they come; used by `job`."""

import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Thread
from typing import IO, Any, Final

import msgspec

from unbake.decoding import decode_json

PROGRAM: Final = (sys.executable, "-m", "unbake.cli")

_LAST: Final = 20
"""Lines of what it says on stderr that are kept."""


class Child:
    """A process of `unbake`, apart from this one's Ctrl-C; it ends when this one dies, as its input ends then.

    arguments: of `unbake`. on_event: called with each line of JSON on stdout. on_end: called once, after all
    events, with the exit code and the last words on stderr. Both are called in threads of their own.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        on_event: Callable[[dict[str, Any]], None],
        on_end: Callable[[int, str], None],
    ) -> None:
        self._words: deque[str] = deque(maxlen=_LAST)
        self._process = subprocess.Popen(
            [*PROGRAM, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
            | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
        assert self._process.stdout is not None and self._process.stderr is not None
        self._on_event, self._on_end = on_event, on_end
        self._listening = Thread(target=self._listen, args=(self._process.stderr,), daemon=True)
        self._following = Thread(target=self._follow, args=(self._process.stdout,), daemon=True)
        self._listening.start()
        self._following.start()

    def stop(self) -> None:
        """Ask it to end, so that what is finished is kept and the same verb goes on from there; returns at once."""
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()

    def kill(self) -> None:
        """End it at once; the journal keeps what is finished all the same."""
        self._process.kill()

    def close(self, seconds: float) -> None:
        """Stop it and wait; kill it where it takes longer."""
        self.stop()
        self._following.join(seconds)
        if self._following.is_alive():
            self.kill()
            self._following.join(seconds)

    def _listen(self, stream: IO[str]) -> None:
        with stream:
            self._words.extend(line.strip() for line in stream if line.strip())

    def _follow(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                with suppress(msgspec.DecodeError):
                    self._on_event(decode_json(line.encode(), dict[str, Any]))
        code = self._process.wait()
        self._listening.join()
        self.stop()
        self._on_end(code, self._words[-1].removeprefix("unbake: ") if self._words else "")
