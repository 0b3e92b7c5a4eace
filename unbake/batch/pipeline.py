"""Runs items through three stages side by side, load : infer : write, bounded by memory; see `stages` for a set's."""

import os
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from threading import Condition, Event
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")
Loaded = TypeVar("Loaded")
Inferred = TypeVar("Inferred")
Result = TypeVar("Result")

AHEAD: Final = 2
"""Items that are loaded, or about to be, while others are inferred."""


AT_ONCE: Final = 2
"""Sets at most whose networks run at once; each of them takes up to 1 GB for its networks."""


@dataclass(frozen=True, slots=True)
class Complete(Generic[Result]):
    """Returned by the load stage for an item that needs no further stage."""

    result: Result


def side_by_side(threads: int, sets: int) -> tuple[int, int]:
    """Sets whose networks run at once, and the threads of each network: together no more than there are cores.

    threads: 0 for all cores. Two at once, since one thread alone does what lies between the networks of a set, and
    since a network in two threads costs more than two networks in one each (docs/PERFORMANCE.md).

    >>> [side_by_side(threads, 100) for threads in (1, 2, 3, 8)], side_by_side(8, 1)
    ([(1, 1), (2, 1), (2, 2), (2, 7)], (1, 8))
    """
    cores = threads or os.cpu_count() or 1
    inferring = max(1, min(AT_ONCE, cores, sets))
    return inferring, cores - inferring + 1


class Budget:
    """Byte budget shared by threads."""

    def __init__(self, limit: int) -> None:
        self._limit, self._used, self._closed = limit, 0, False
        self._changed = Condition()

    def acquire(self, amount: int) -> None:
        """Block until `amount` bytes are free; a request above the limit waits until it is alone.

        RuntimeError once the budget is closed.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: self._closed or not self._used or self._used + amount <= self._limit
            )
            if self._closed:
                raise RuntimeError("the work was stopped")
            self._used += amount

    def release(self, amount: int) -> None:
        """Give back bytes that were acquired."""
        with self._changed:
            self._used -= amount
            self._changed.notify_all()

    def close(self) -> None:
        """End every wait, present and future."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class _Share:
    """The bytes that one item holds of a budget; released once."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._amount = budget, 0

    def acquire(self, amount: int) -> None:
        self._budget.acquire(amount)
        self._amount += amount

    def release(self, _: object = None) -> None:
        amount, self._amount = self._amount, 0
        self._budget.release(amount)


def run_staged(
    items: Iterable[Item],
    load: Callable[[Item, Callable[[int], None]], Loaded | Complete[Result]],
    infer: Callable[[Loaded], Inferred],
    write: Callable[[Inferred], Result],
    on_result: Callable[[Item, Result | Exception], None],
    *,
    writers: int,
    memory: int,
    inferring: int = 1,
) -> None:
    """Run all items through the stages; `on_result` is called in input order.

    load(item, acquire): in a thread of its own, one item at a time. It calls acquire(bytes) with the memory that the
    item will need in all stages, before it needs it, and blocks there while others hold more than `memory` leaves.
    infer(loaded): in `inferring` threads. write(inferred): in `writers` threads.
    on_result(item, result or exception): in the calling thread. After an interruption, the results of items that are
    being written are still delivered before it is raised, and those that are being inferred are dropped.
    """
    budget, source, stopped = Budget(memory), iter(items), Event()
    under_way: deque[tuple[Item, Future[Future[Result]]]] = deque()  # before their last stage
    waiting: deque[tuple[Item, Future[Result]]] = deque()
    with (
        ThreadPoolExecutor(writers) as pool,
        ThreadPoolExecutor(inferring) as networks,
        ThreadPoolExecutor(1) as loader,
    ):

        def inferred(loading: Future[Loaded | Complete[Result]], share: _Share) -> Future[Result]:
            result = _inferred(loading, infer, lambda made: pool.submit(write, made), stopped)
            result.add_done_callback(share.release)
            return result

        def begin() -> None:
            for item in islice(source, AHEAD + 1 + inferring - len(under_way)):
                share = _Share(budget)
                loading = loader.submit(load, item, share.acquire)
                under_way.append((item, networks.submit(inferred, loading, share)))

        try:
            begin()
            while under_way:
                waiting.append((under_way[0][0], under_way[0][1].result()))
                under_way.popleft()
                begin()
                while waiting and (waiting[0][1].done() or len(waiting) > 2 * writers):
                    _deliver_first(waiting, on_result)
        finally:
            stopped.set()
            budget.close()
            for stage in (loader, networks):
                stage.shutdown(wait=False, cancel_futures=True)
            waiting.extend(_still_written(under_way))
            while waiting:
                _deliver_first(waiting, on_result)


def _inferred(
    loading: Future[Loaded | Complete[Result]],
    infer: Callable[[Loaded], Inferred],
    hand_on: Callable[[Inferred], Future[Result]],
    stopped: Event,
) -> Future[Result]:
    """The future result of an item that is being loaded; one bad item never stops the others.

    hand_on: begins the last stage. CancelledError after an interruption, before which `stopped` is set.
    """
    result: Future[Result] = Future()
    try:
        loaded = loading.result()
        if not isinstance(loaded, Complete):
            made = infer(loaded)
            _unless(stopped)
            return hand_on(made)
        result.set_result(loaded.result)
    except Exception as error:
        _unless(stopped)
        result.set_exception(error)
    except BaseException:
        stopped.set()
        raise
    return result


def _unless(stopped: Event) -> None:
    """CancelledError after an interruption."""
    if stopped.is_set():
        raise CancelledError


def _still_written(
    under_way: Iterable[tuple[Item, Future[Future[Result]]]],
) -> list[tuple[Item, Future[Result]]]:
    """After an interruption: the items whose last stage has begun already."""
    return [
        (item, future.result())
        for item, future in under_way
        if not future.cancelled() and future.exception() is None
    ]


def _deliver_first(
    waiting: deque[tuple[Item, Future[Result]]], on_result: Callable[[Item, Result | Exception], None]
) -> None:
    """Wait for the first item and deliver its result, or the error of one of its stages."""
    item, future = waiting.popleft()
    error = future.exception()
    if error is not None and not isinstance(error, Exception):
        raise error
    on_result(item, future.result() if error is None else error)
