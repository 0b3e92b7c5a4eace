"""Work on many materials in several processes, a few at a time; under the verbs that prepare data."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import wait as wait_for
from typing import TypeVar

from unbake.errors import UnbakeError

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Job], Result], jobs: Iterable[Job], workers: int
) -> Iterator[tuple[Job, Result]]:
    """Each job with its result, as they come; `jobs` is read only a little ahead of the work.

    work: a function that can be sent to a process (top-level, or a partial of one). workers: 1 stays in this
    process and keeps the order. Interrupted, it waits for the jobs under way. Errors: those of `work`; UnbakeError
    when a process died.

    >>> list(in_processes(len, ["a", "bcd"], 1))
    [('a', 1), ('bcd', 3)]
    """
    if workers <= 1:
        for job in jobs:
            yield job, work(job)
        return
    # spawn: a forked child of a process that runs other threads can hang.
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), initializer=_begin_worker)
    running: dict[Future[Result], Job] = {}
    try:
        for job in jobs:
            running[pool.submit(work, job)] = job
            if len(running) >= 2 * workers:
                yield from _finished(running)
        while running:
            yield from _finished(running)
    except BrokenProcessPool as error:
        raise UnbakeError(
            "Expected the worker processes to live on, one was killed (out of memory?); "
            "run the same command again with fewer --workers: what is done is kept."
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _finished(running: dict[Future[Result], Job]) -> Iterator[tuple[Job, Result]]:
    """Waits for at least one; takes the finished ones out."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        yield running.pop(future), future.result()


def _begin_worker() -> None:
    """Leave Ctrl-C, which every process of a terminal gets, to the parent, and end when that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
